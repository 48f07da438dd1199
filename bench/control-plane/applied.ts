/** From asking for a change until it runs in every worker of every proxy. */
import { type Proxy, startProxy } from '../../harness/programs/fleet.ts';
import type { RunningProcess, Scope } from '../../harness/programs/processes.ts';
import { updateBackend } from '../balancers/equipoise.ts';
import { quantile } from '../report/statistics.ts';
import { figure } from '../report/table.ts';
import { within } from '../run-scope.ts';
import { declarePool, type Plane, POOL, startPlane, startStore, type Store } from './stores.ts';
import { startSubscriber, type Subscriber } from './subscriber.ts';

const REAL = [1, 10];
const SIMULATED = 100;

export async function applied(scope: Scope, changes: number): Promise<readonly (readonly string[])[]> {
  const rows: (readonly string[])[] = [['store', 'proxies', 'median ms', 'p99 ms', 'max ms']];
  for (const store of ['lmdb', 'etcd'] as const) {
    for (const count of REAL) {
      rows.push(
        await measure(scope, store, String(count), changes, (inner, plane) =>
          realProxies(inner, plane, count),
        ),
      );
    }
    const what = `${SIMULATED} simulated`;
    rows.push(await measure(scope, store, what, changes, async (inner, plane) => simulated(inner, plane)));
  }
  return rows;
}

function measure(
  scope: Scope,
  store: Store,
  what: string,
  changes: number,
  start: (scope: Scope, plane: Plane) => Promise<readonly Subscriber[]>,
): Promise<readonly string[]> {
  return within(scope, async (inner) => {
    const url = await startStore(inner, store);
    if (url === null) return [store, what, 'not installed'];
    const plane = await startPlane(inner, url);
    const [address = ''] = await declarePool(plane.client, 100);
    const proxies = await start(inner, plane);
    const took: number[] = [];
    for (let change = 0; change < changes; change += 1) {
      const sentMs = performance.now();
      const revision = await updateBackend(plane.client, POOL, { address, weight: 2 + (change % 2) });
      await Promise.all(proxies.map((proxy) => proxy.reached(revision)));
      took.push(performance.now() - sentMs);
    }
    const cells = [quantile(took, 0.5), quantile(took, 0.99), quantile(took, 1)];
    return [store, what, ...cells.map(figure)];
  });
}

async function realProxies(scope: Scope, { grpc }: Plane, count: number): Promise<readonly Subscriber[]> {
  const proxies: Proxy[] = [];
  for (let index = 0; index < count; index += 1) {
    proxies.push(await startProxy(scope, `bench-${index}`, [grpc], ['--workers', '2']));
  }
  return proxies.map(asSubscriber);
}

/** By its log: the line comes when all workers run it and it is on disk. */
export function asSubscriber(proxy: RunningProcess): Subscriber {
  return {
    reached: (revision) =>
      proxy
        .line((line) => (ranIn(line) >= revision ? true : undefined), `revision ${revision}`)
        .then(() => undefined),
  };
}

function ranIn(line: string): number {
  return line.includes('"running a snapshot"') ? Number(/"revision":(\d+)/.exec(line)?.[1]) : -1;
}

async function simulated(scope: Scope, { grpc, client }: Plane): Promise<readonly Subscriber[]> {
  const proxies = Array.from({ length: SIMULATED }, (_, index) =>
    startSubscriber(scope, `bench-${index}`, grpc),
  );
  const revision = await updateBackend(client, POOL, { address: '10.0.0.1:80', weight: 5 });
  await Promise.all(proxies.map((proxy) => proxy.reached(revision)));
  return proxies;
}
