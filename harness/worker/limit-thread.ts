/** A thread that opens and closes connections of random sources, as fast as it can, and checks that no limit is exceeded. */
import { parentPort, workerData } from 'node:worker_threads';
import { randomBelow, seededRandom } from '../../core/runtime/random.ts';
import { FULL, LimitTable } from '../../data-plane/admission/limit-table.ts';
import { PeerAddress } from '../../data-plane/engine/peer-address.ts';
import { type SharedBuffers, sharedCells, workerCells } from '../../data-plane/memory/shared-memory.ts';

export interface LimitHammer {
  readonly buffers: SharedBuffers;
  readonly worker: number;
  readonly rounds: number;
  /** By source: open connections as the threads count them, always fewer than the table does. */
  readonly open: Int32Array;
  /** All sources share so many buckets. */
  readonly buckets: number;
  readonly most: number;
  /** Threads that are ready, then those that are done. */
  readonly gate: Int32Array;
  readonly threads: number;
}

const hammer = workerData as LimitHammer;
const { buffers, gate, most, open, rounds, threads, worker } = hammer;
const shared = sharedCells(buffers);
const table = new LimitTable(
  { ...shared, sourceBuckets: shared.sourceBuckets.subarray(0, hammer.buckets) },
  workerCells(buffers, worker),
);
const random = seededRandom(worker + 1);
const client = new PeerAddress();
const held: { entry: number; source: number }[] = [];
const problems: string[] = [];
let nowMs = 0;

function begin(source: number): number {
  client.set(Uint8Array.of(10, 0, 0, source), 0, 4, 0);
  const entry = table.holdSource(1, client, most, nowMs);
  if (entry < 0) return entry;
  const counted = Atomics.add(open, source, 1) + 1;
  if (counted > most) problems.push(`${counted} connections of source ${source} are open`);
  held.push({ entry, source });
  return entry;
}

function end(): void {
  const one = held.splice(randomBelow(random, held.length), 1)[0];
  if (!one) return;
  Atomics.sub(open, one.source, 1);
  table.release(one.entry);
}

function meet(place: number): void {
  Atomics.add(gate, place, 1);
  Atomics.notify(gate, place);
  for (let here = Atomics.load(gate, place); here < threads; here = Atomics.load(gate, place))
    Atomics.wait(gate, place, here);
}

meet(0);
for (let round = 0; round < rounds; round++) {
  nowMs += 1;
  if (held.length >= 2 || random.next() < 0.5) end();
  else begin(randomBelow(random, open.length));
}
while (held.length > 0) end();
meet(1);
// Everybody at once for the last places of one source.
let places = 0;
while (begin(0) !== FULL) places += 1;
parentPort?.postMessage({ problems, places }, []);
