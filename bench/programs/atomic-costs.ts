/** Prints what one atomic addition costs, as JSON: to a cell of one's own, and to one that another thread adds to as well. */
import { isMainThread, Worker, workerData } from 'node:worker_threads';

const ADDITIONS = 5_000_000;
const CELL = { own: 0, contended: 64, isAdding: 128, stop: 192 } as const;
const CELLS = 256;

/** Nanoseconds an addition. The first pass is for the compiler. */
function costNs(cells: Int32Array, cell: number): number {
  let ns = 0;
  for (let pass = 0; pass < 2; pass++) {
    const start = process.hrtime.bigint();
    for (let addition = 0; addition < ADDITIONS; addition++) Atomics.add(cells, cell, 1);
    ns = Number(process.hrtime.bigint() - start) / ADDITIONS;
  }
  return ns;
}

if (isMainThread) {
  const cells = new Int32Array(new SharedArrayBuffer(CELLS * Int32Array.BYTES_PER_ELEMENT));
  const ownNs = costNs(cells, CELL.own);
  const neighbour = new Worker(new URL(import.meta.url), { workerData: cells });
  neighbour.once('online', () => {
    Atomics.wait(cells, CELL.isAdding, 0);
    const contendedNs = costNs(cells, CELL.contended);
    Atomics.store(cells, CELL.stop, 1);
    console.log(JSON.stringify({ ownNs, contendedNs }));
  });
} else {
  const cells = workerData as Int32Array;
  Atomics.store(cells, CELL.isAdding, 1);
  Atomics.notify(cells, CELL.isAdding);
  while (Atomics.load(cells, CELL.stop) === 0) Atomics.add(cells, CELL.contended, 1);
}
