/** Commits a second, and how long each takes, with one writer and with many. */
import type { ReplicaClient } from '../../core/wire/clients.ts';
import type { Scope } from '../../harness/programs/processes.ts';
import { updateBackend } from '../balancers/equipoise.ts';
import { quantile } from '../report/statistics.ts';
import { figure } from '../report/table.ts';
import { within } from '../run-scope.ts';
import { declarePool, POOL, startPlane, startStore, STORES } from './stores.ts';

const WRITERS = [1, 16];
const WARM_UP_MS = 1_000;

export async function commits(scope: Scope, measureMs: number): Promise<readonly (readonly string[])[]> {
  const rows: string[][] = [['store', 'writers', 'commits/s', 'median ms', 'p99 ms', 'max ms']];
  for (const store of STORES) {
    const measured = await within(scope, async (inner) => {
      const url = await startStore(inner, store);
      if (url === null) return [[store, 'not installed']];
      const { client } = await startPlane(inner, url);
      const addresses = await declarePool(client, 100);
      const found: string[][] = [];
      for (const writers of WRITERS) {
        await write(client, addresses, writers, WARM_UP_MS);
        const took = await write(client, addresses, writers, measureMs);
        const cells = [
          (took.length / measureMs) * 1_000,
          quantile(took, 0.5),
          quantile(took, 0.99),
          quantile(took, 1),
        ];
        found.push([store, String(writers), ...cells.map(figure)]);
      }
      return found;
    });
    rows.push(...measured);
  }
  return rows;
}

/** Each writer changes a backend of its own, one commit after the other. Answers what each took, in milliseconds. */
async function write(
  client: ReplicaClient,
  addresses: readonly string[],
  writers: number,
  forMs: number,
): Promise<readonly number[]> {
  const until = performance.now() + forMs;
  const took: number[] = [];
  const writer = async (address: string) => {
    for (let weight = 2; performance.now() < until; weight = weight === 2 ? 3 : 2) {
      const sentMs = performance.now();
      await updateBackend(client, POOL, { address, weight });
      took.push(performance.now() - sentMs);
    }
  };
  await Promise.all(addresses.slice(0, writers).map(writer));
  return took;
}
