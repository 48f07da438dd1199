/**
 * The protocol of the queues, step by step: every worker is a generator that stops before each step that others can see,
 * and a scheduler decides who goes on. The steps are those of worker/waiters.ts, which queues.test.ts tries as it is.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  createBuffers,
  HEALTH,
  sharedCells,
  workerCells,
} from '../../../../data-plane/memory/shared-memory.ts';
import { PoolQueues } from '../../../../data-plane/memory/pool-queues.ts';
import type { PlanPool } from '../../../../data-plane/plan/plan.ts';
import { PoolCandidates } from '../../../../data-plane/worker/pool-candidates.ts';

const WORKERS = 3;
const POOL = 3;
const LENGTH = 3;
type Op = 'arrive' | 'end' | 'leave';
type Steps = Generator<void, void>;

const buffers = createBuffers(WORKERS);
const shared = sharedCells(buffers);
const cells = buffers.perWorker.map((_, worker) => workerCells(buffers, worker));
const pending: boolean[] = [];
const queues = new PoolQueues(buffers, (worker) => {
  pending[worker] = true;
});

/** One run: `limit` places at one backend, taken by worker 0 at the start. */
class Run {
  readonly #held = Array.from({ length: WORKERS }, () => 0);
  readonly #waiting = Array.from({ length: WORKERS }, () => 0);
  readonly #candidates: readonly PoolCandidates[];
  readonly #limit: number;
  readonly #scripts: readonly (readonly Op[])[];

  constructor(limit: number, scripts: readonly (readonly Op[])[]) {
    this.#limit = limit;
    this.#scripts = scripts;
    pending.fill(false, 0, WORKERS);
    shared.open[0] = 0;
    shared.health[0] = HEALTH.healthy;
    shared.poolWaiting[POOL] = 0;
    shared.poolWoken[POOL] = 0;
    for (const own of cells) own.poolWaiting[POOL] = 0;
    const pool = {
      row: POOL,
      alwaysUp: true,
      refuses: false,
      rows: Int32Array.of(0),
      weights: Uint16Array.of(1),
      tiers: null,
      maxConnections: Int32Array.of(limit),
    } as unknown as PlanPool;
    this.#candidates = cells.map((own) => new PoolCandidates(pool, shared, own));
    for (let place = 0; place < limit; place++) this.#take(0);
  }

  /** `choose` says which of so many workers goes on. */
  go(choose: (options: number) => number): void {
    const workers = this.#scripts.map((script, worker) => this.#work(worker, script));
    const isDone = workers.map(() => false);
    for (;;) {
      const ready = [...workers.keys()].filter((worker) => !isDone[worker] || pending[worker]);
      if (ready.length === 0) break;
      const worker = ready[choose(ready.length)]!;
      if (isDone[worker]) workers[worker] = this.#work(worker, []);
      isDone[worker] = workers[worker]!.next().done === true;
      assert.ok(shared.open[0]! <= this.#limit && shared.poolWaiting[POOL]! <= LENGTH);
    }
    const waiting = this.#waiting.reduce((sum, each) => sum + each, 0);
    assert.equal(shared.poolWaiting[POOL], waiting, 'who waits is counted');
    assert.equal(
      shared.open[0],
      this.#held.reduce((sum, each) => sum + each, 0),
      'places are counted',
    );
    assert.ok(waiting === 0 || shared.open[0] === this.#limit, `${waiting} wait while there is room`);
  }

  *#work(worker: number, script: readonly Op[]): Steps {
    const left = [...script];
    while (left.length > 0 || pending[worker]) {
      yield;
      if (pending[worker]) yield* this.#woken(worker);
      else yield* this.#do(worker, left.shift()!);
    }
  }

  *#do(worker: number, op: Op): Steps {
    if (op === 'end' && this.#held[worker]! > 0) {
      this.#held[worker]! -= 1;
      this.#candidates[worker]!.unreserve(0);
      yield;
      queues.wakeNext(POOL);
    } else if (op === 'leave' && this.#waiting[worker]! > 0) yield* this.#stopWaiting(worker);
    else if (op === 'arrive') {
      if (this.#waiting[worker] === 0 && this.#take(worker)) return;
      yield;
      if (!queues.join(worker, POOL, LENGTH)) return;
      this.#waiting[worker]! += 1;
      yield* this.#passOn(worker);
    }
  }

  *#woken(worker: number): Steps {
    pending[worker] = false;
    if (this.#waiting[worker] === 0 || !this.#candidates[worker]!.hasRoom()) return;
    yield;
    if (this.#take(worker)) yield* this.#stopWaiting(worker);
    else yield* this.#passOn(worker);
  }

  *#stopWaiting(worker: number): Steps {
    yield;
    this.#waiting[worker]! -= 1;
    queues.leave(worker, POOL);
    yield* this.#passOn(worker);
  }

  *#passOn(worker: number): Steps {
    yield;
    if (queues.waiting(POOL) === 0) return;
    yield;
    if (!this.#candidates[worker]!.hasRoom()) return;
    yield;
    queues.wakeNext(POOL);
  }

  #take(worker: number): boolean {
    const candidates = this.#candidates[worker]!;
    candidates.reserve(0);
    if (candidates.reserved) this.#held[worker]! += 1;
    return candidates.reserved;
  }
}

/** Runs every schedule; returns how many there are. */
function runAll(limit: number, scripts: readonly (readonly Op[])[]): number {
  const choices: { at: number; options: number }[] = [];
  for (let runs = 1; ; runs++) {
    let step = 0;
    new Run(limit, scripts).go((options) => {
      const choice = (choices[step++] ??= { at: 0, options });
      return choice.at;
    });
    while (choices.length > 0 && choices.at(-1)!.at + 1 === choices.at(-1)!.options) choices.pop();
    const last = choices.at(-1);
    if (!last) return runs;
    last.at += 1;
  }
}

describe('the queues of a pool, over all workers', () => {
  const SMALL: readonly (readonly (readonly Op[])[])[] = [
    [['end'], ['arrive']],
    [['end'], ['arrive', 'leave']],
    [['arrive', 'end'], ['arrive']],
    [['end'], ['arrive', 'end']],
  ];
  for (const scripts of SMALL) {
    it(`leave nobody waiting while there is room, in any order of ${scripts.map((s) => s.join(', ')).join(' | ')}`, () => {
      assert.ok(runAll(1, scripts) > 10);
    });
  }

  it('leave nobody waiting while there is room, in many orders of more', () => {
    const op = fc.constantFrom<Op>('arrive', 'arrive', 'end', 'end', 'leave');
    const scripts = fc.array(fc.array(op, { maxLength: 6 }), { minLength: WORKERS, maxLength: WORKERS });
    const order = fc.infiniteStream(fc.nat(1_000));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 }), scripts, order, (limit, each, numbers) => {
        new Run(limit, each).go((options) => numbers.next().value! % options);
      }),
      { numRuns: 5_000 },
    );
  });
});
