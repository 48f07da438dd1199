/** kill -9 of the control plane that a proxy listens to, until it runs a change that was asked of another one. */
import { callUnary } from '../../core/wire/clients.ts';
import { startProxy } from '../../harness/programs/fleet.ts';
import type { RunningProcess, Scope } from '../../harness/programs/processes.ts';
import { updateBackend } from '../balancers/equipoise.ts';
import { quantile } from '../report/statistics.ts';
import { figure } from '../report/table.ts';
import { within } from '../run-scope.ts';
import { asSubscriber } from './applied.ts';
import { declarePool, type Plane, POOL, startPlane, startStore } from './stores.ts';

export async function failOver(scope: Scope, rounds: number): Promise<readonly (readonly string[])[]> {
  const took: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const ms = await within(scope, once);
    if (ms === null) return [['etcd is not installed']];
    took.push(ms);
  }
  return [
    ['rounds', 'median ms', 'max ms'],
    [String(rounds), figure(quantile(took, 0.5)), figure(quantile(took, 1))],
  ];
}

async function once(scope: Scope): Promise<number | null> {
  const url = await startStore(scope, 'etcd');
  if (url === null) return null;
  const planes = [await startPlane(scope, url), await startPlane(scope, url)];
  const [first, second] = planes as [Plane, Plane];
  const [address = ''] = await declarePool(first.client, 100);
  const proxy = await startProxy(scope, 'bench', [first.grpc, second.grpc], ['--workers', '2']);
  const chosen = await subscribedTo(proxy);
  const [victim, other] = chosen === first.grpc ? [first, second] : [second, first];
  // What takes the change after the kill is connected before it.
  await callUnary(other.client.pools.listPools.bind(other.client.pools), {}, 10_000);
  const killedMs = performance.now();
  victim.signal('SIGKILL');
  const revision = await updateBackend(other.client, POOL, { address, weight: 2 });
  await asSubscriber(proxy).reached(revision);
  return performance.now() - killedMs;
}

function subscribedTo(proxy: RunningProcess): Promise<string> {
  return proxy.line(
    (line) => /subscribed to the control plane at ([\d.:]+)/.exec(line)?.[1],
    'its control plane',
  );
}
