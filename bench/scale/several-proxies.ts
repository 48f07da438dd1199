/** Several proxies side by side that share their listeners: more connections than one process may have. */
import { setTimeout as wait } from 'node:timers/promises';
import { freePort } from '../../harness/free-port.ts';
import { type Scope } from '../../harness/programs/processes.ts';
import { readMetric } from '../../harness/programs/proxy-process.ts';
import { startEquipoise } from '../balancers/equipoise.ts';
import type { ConnectionsOptions } from '../connections-options.ts';
import { openIdle, startEchoBackend, startIdleClients } from '../load/idle-load.ts';
import { readKernelMemory, readResetsSent } from '../measure/kernel-figures.ts';
import { readPss } from '../measure/process-figures.ts';
import type { Cpus } from '../pinning.ts';
import { align, figure } from '../report/table.ts';

const SETTLE_MS = 2_000;
const MIB = 2 ** 20;

export async function severalProxies(
  scope: Scope,
  cpus: Cpus,
  { engine, proxies: count, perProxy }: ConnectionsOptions,
): Promise<readonly string[]> {
  const places = Array.from({ length: count }, (_, index) => index + 1);
  // One address gives some 28,000 connections to one other address, so each end has several.
  const backends = await Promise.all(
    places.map((place) => startEchoBackend(scope, cpus.others, [`127.0.2.${place}`])),
  );
  const port = await freePort();
  const listeners = places.map((place) => `127.0.1.${place}:${port}`);
  const { proxies } = await startEquipoise(scope, {
    cpus,
    backends: backends.flat(),
    connections: perProxy,
    engine,
    listeners,
    proxies: count,
  });
  const before = { kernel: readKernelMemory(), resets: readResetsSent(), pss: pssOf(proxies) };
  const clients = listeners.map(() => startIdleClients(scope, cpus.others));
  const startedMs = performance.now();
  await Promise.all(clients.map((each, index) => openIdle(each, listeners[index] ?? '', perProxy)));
  const seconds = (performance.now() - startedMs) / 1_000;
  await wait(SETTLE_MS);

  const total = count * perProxy;
  const held = await Promise.all(
    proxies.map(({ admin }) => readMetric(admin, 'lb_worker_connections_active{worker="0"}')),
  );
  const answers = await Promise.all(clients.map((each) => each.ask({ do: 'touch' })));
  const good = answers.reduce((sum, answer) => sum + answer.good, 0);
  const pss = pssOf(proxies);
  const kernel = readKernelMemory();
  const growth = (figureOf: (at: typeof kernel) => number) => figureOf(kernel) - figureOf(before.kernel);
  return [
    `${count} proxies that share their listeners, ${total.toLocaleString('en-US')} connections, opened in ${figure(seconds)} s:`,
    '',
    ...align([
      ['proxy', 'connections', 'PSS MiB empty', 'PSS MiB', 'B each'],
      ...proxies.map((_, index) => {
        const [empty = 0, full = 0, connections = 0] = [before.pss[index], pss[index], held[index]];
        return [
          String(index + 1),
          connections.toLocaleString('en-US'),
          figure(empty / MIB),
          figure(full / MIB),
          figure((full - empty) / connections),
        ];
      }),
    ]),
    '',
    `A byte both ways at the end: ${good.toLocaleString('en-US')} of ${total.toLocaleString('en-US')} connections.`,
    `Kernel, four sockets a connection: slab +${figure(growth(({ slabBytes }) => slabBytes) / MIB)} MiB, ${figure(growth(({ slabBytes }) => slabBytes) / total)} B a connection; bytes queued +${figure(growth(({ socketBytes }) => socketBytes) / MIB)} MiB.`,
    `Resets sent by the machine meanwhile, health probes included: ${readResetsSent() - before.resets}.`,
  ];
}

function pssOf(proxies: readonly { readonly pid: number }[]): readonly number[] {
  return proxies.map(({ pid }) => readPss(pid));
}
