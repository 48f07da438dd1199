import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { STRATEGIES, type Strategy } from '../../../../core/model/resources.ts';
import { type BalancerFactory, NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import { BALANCERS } from '../../../../data-plane/balancing/registry.ts';
import type { Engine } from '../../../../data-plane/engine/engine.ts';
import { workerCount } from '../../../../data-plane/memory/counters.ts';
import { createBuffers, sharedCells, workerCells } from '../../../../data-plane/memory/shared-memory.ts';
import type { FromWorker } from '../../../../data-plane/worker/protocol.ts';
import { WorkerLog } from '../../../../data-plane/worker/worker-log.ts';
import { Worker } from '../../../../data-plane/worker/worker.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

/** A warm-up holds a worker's start up: plans of 10,000 would take seconds. */
const MOST_CANDIDATES = 1_000;

interface Seen {
  made: number;
  handedOn: number;
  /** Handed on to candidates of which some are others than before. */
  handedToOthers: number;
  picks: number;
  epochs: Set<number>;
  candidates: number;
}

const originals = { ...BALANCERS };
const seen = new Map<Strategy, Seen>();

/** The strategy, with a record of how it is used. */
function watched(strategy: Strategy): BalancerFactory {
  const note: Seen = { made: 0, handedOn: 0, handedToOthers: 0, picks: 0, epochs: new Set(), candidates: 0 };
  seen.set(strategy, note);
  return (inputs) => {
    const { candidates, previous } = inputs;
    const balancer = originals[strategy](inputs);
    const pick = balancer.pick.bind(balancer);
    note.made += 1;
    note.candidates = Math.max(note.candidates, candidates.count);
    if (previous !== null) note.handedOn += 1;
    if (previous?.moved.includes(NO_BACKEND)) note.handedToOthers += 1;
    balancer.pick = (flow, tried) => {
      const chosen = pick(flow, tried);
      if (chosen !== NO_BACKEND) note.picks += 1;
      note.epochs.add(candidates.epoch());
      return chosen;
    };
    return balancer;
  };
}

/** A worker that has just started, what it posted, and how strategies had been used when it said that it is ready. */
function start() {
  const buffers = createBuffers(1);
  const posted: FromWorker[] = [];
  const ready = new Map<Strategy, Seen>();
  const worker = new Worker({
    start: {
      index: 0,
      id: 'proxy-0',
      engine: 'portable',
      buffers,
      wakeFds: [],
      seed: 1,
      splice: false,
      parkingBytes: 0,
      sourceAddresses: [],
    },
    createEngine: () => ({ name: 'portable' }) as Engine,
    clock: new FakeClock(),
    post(message) {
      posted.push(message);
      if (message.type === 'ready') for (const [name, note] of seen) ready.set(name, { ...note });
    },
    wake: () => {},
    exit: () => {},
  });
  return { worker, posted, ready, shared: sharedCells(buffers) };
}

describe('a worker', () => {
  for (const strategy of STRATEGIES) BALANCERS[strategy] = watched(strategy);
  const { worker, posted, ready, shared } = start();
  Object.assign(BALANCERS, originals);

  for (const strategy of STRATEGIES) {
    it(`has created ${strategy}, handed on its state and picked from it before it is ready`, () => {
      const note = ready.get(strategy);
      assert.ok(note);
      assert.ok(note.handedOn > 0 && note.handedOn < note.made, 'with a plan before, and without');
      assert.ok(note.handedToOthers > 0 && note.handedToOthers < note.handedOn, 'to the same, and to others');
      assert.ok(note.picks >= note.made, 'each was picked from');
      assert.ok(note.epochs.size > note.made, 'health was read again');
      assert.ok(note.candidates <= MOST_CANDIDATES);
    });
  }

  it('has then posted nothing else, and left no reservation and no epoch behind', () => {
    const { open, poolEpoch, health } = shared;
    assert.deepEqual(posted, [{ type: 'ready' }]);
    for (const cells of [open, poolEpoch, health]) assert.ok(cells.every((cell) => cell === 0));
  });

  it('commits the plan that it has prepared last, and no other', () => {
    posted.length = 0;
    const prepare = (sequence: number) =>
      worker.handle({ type: 'prepare', plan: { sequence, revision: 1, listeners: [], pools: [] } });
    worker.handle({ type: 'commit', sequence: 1 });
    prepare(1);
    prepare(2);
    worker.handle({ type: 'commit', sequence: 1 });
    worker.handle({ type: 'abort', sequence: 1 });
    worker.handle({ type: 'commit', sequence: 2 });
    prepare(3);
    worker.handle({ type: 'abort', sequence: 3 });
    worker.handle({ type: 'commit', sequence: 3 });
    const committed = posted.flatMap((message) => (message.type === 'committed' ? [message.sequence] : []));
    assert.deepEqual(committed, [2]);
  });
});

describe('the log of a worker', () => {
  it('passes a burst, then a trickle, and counts what it drops', () => {
    const clock = new FakeClock();
    const cells = workerCells(createBuffers(1), 0);
    const written: string[] = [];
    const log = new WorkerLog(
      clock,
      cells,
      (message) => message.type === 'log' && written.push(message.message),
    );
    for (let n = 0; n < 200; n++) log.write('warn', `${n}`);
    assert.equal(written.length, 50);
    assert.equal(workerCount([cells], 'logDropped'), 150);
    clock.advance(1_000);
    for (let n = 0; n < 200; n++) log.write('warn', `later ${n}`);
    assert.equal(written.length, 60);
    clock.advance(3_600_000);
    for (let n = 0; n < 200; n++) log.write('warn', `much later ${n}`);
    assert.equal(written.length, 110, 'a long silence saves up one burst');
  });
});
