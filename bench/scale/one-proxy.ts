/** One proxy, more and more connections: memory of each, and CPU of a request at a fixed rate, must stay flat. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Scope } from '../../harness/programs/processes.ts';
import { startEquipoise } from '../balancers/equipoise.ts';
import type { ConnectionsOptions } from '../connections-options.ts';
import { openIdle, startEchoBackend, startIdleClients } from '../load/idle-load.ts';
import { readKernelMemory, readResetsSent } from '../measure/kernel-figures.ts';
import { cpuBetween, readCpu, readPss } from '../measure/process-figures.ts';
import type { Cpus } from '../pinning.ts';
import { align, figure } from '../report/table.ts';

const SETTLE_MS = 1_000;
const REQUESTS_PER_SECOND = 2_000;
const SECONDS = 4;
const MIB = 2 ** 20;

const HEADER = ['connections', 'PSS MiB', 'B each', 'CPU µs per request', 'kernel: slab MiB', 'sockets MiB'];

export async function oneProxy(
  scope: Scope,
  cpus: Cpus,
  { engine, steps }: ConnectionsOptions,
): Promise<readonly string[]> {
  const clients = startIdleClients(scope, cpus.others);
  const backends = await startEchoBackend(scope, cpus.others);
  const connections = Math.max(...steps);
  const balancer = await startEquipoise(scope, { cpus, backends, connections, engine });
  const limit = balancer.proxies[0]?.connectionLimit ?? 0;
  await wait(SETTLE_MS);
  const empty = readPss(balancer.pid);
  const resets = readResetsSent();
  const rows: (readonly string[])[] = [HEADER, ['0', figure(empty / MIB), '', '', ...kernelCells()]];
  let open = 0;
  for (const step of steps.filter((wanted) => wanted <= limit)) {
    await openIdle(clients, balancer.address, step - open);
    open = step;
    await wait(SETTLE_MS);
    const pss = readPss(balancer.pid);
    const cpu = await cpuPerRequest(balancer.pid, async () => {
      const asked = { do: 'ask', perSecond: REQUESTS_PER_SECOND, seconds: SECONDS } as const;
      return (await clients.ask(asked)).good;
    });
    rows.push([
      step.toLocaleString('en-US'),
      figure(pss / MIB),
      figure((pss - empty) / step),
      figure(cpu),
      ...kernelCells(),
    ]);
  }
  const { good, failed } = await clients.ask({ do: 'touch' });
  return [
    `one proxy, engine ${balancer.proxies[0]?.engine}, which allows itself ${limit.toLocaleString('en-US')} connections:`,
    '',
    ...align(rows),
    '',
    `CPU: at ${REQUESTS_PER_SECOND.toLocaleString('en-US')} requests per second, each on another connection in turn.`,
    'Kernel: the whole machine, both ends of the load included: four sockets for a proxied connection.',
    `At the end ${good.toLocaleString('en-US')} of ${open.toLocaleString('en-US')} connections took a byte both ways, ${failed} did not.`,
    `Resets sent by the machine meanwhile, health probes included: ${readResetsSent() - resets}.`,
  ];
}

/** `ask` answers how many requests there were. */
async function cpuPerRequest(pid: number, ask: () => Promise<number>): Promise<number> {
  const before = readCpu(pid);
  const requests = await ask();
  return cpuBetween(before, readCpu(pid)).cpuUs / requests;
}

function kernelCells(): readonly string[] {
  const { slabBytes, socketBytes } = readKernelMemory();
  return [figure(slabBytes / MIB), figure(socketBytes / MIB)];
}
