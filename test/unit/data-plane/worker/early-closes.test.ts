/** Which ends of connections count against a backend, and when they take it out. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BACKEND_COUNTERS, HEALTH } from '../../../../data-plane/memory/shared-memory.ts';
import { benchOf, type HandlerBench } from '../../../../harness/worker/handler-bench.ts';

const EARLY_CLOSES = BACKEND_COUNTERS.indexOf('earlyCloses');

/** A connection to the backend `1`, and what becomes of it. */
const ENDS = {
  answered: (bench: HandlerBench) => bench.handler.onBytes(0, 1, 1),
  /** It asks, and the backend ends. */
  early: (bench: HandlerBench) => {
    bench.handler.onBytes(0, 1, 0);
    bench.handler.onBackendEnded(0);
    bench.handler.onBackendEnded(0);
  },
  /** Nobody says anything; the backend ends at once. */
  atOnce: (bench: HandlerBench) => bench.handler.onBackendEnded(0),
  /** Nobody says anything, until the backend's patience ends. */
  idle: (bench: HandlerBench) => {
    bench.clock.advance(5_000);
    bench.handler.onBackendEnded(0);
    bench.handler.onBytes(0, 1, 0);
    bench.handler.onBackendEnded(0);
  },
  /** The client goes, like a port scanner or one that hangs up. */
  gone: () => {},
  /** The backend ends after its answer. */
  served: (bench: HandlerBench) => {
    bench.handler.onBytes(0, 1, 1);
    bench.handler.onBackendEnded(0);
  },
} as const;
type End = keyof typeof ENDS;

/** `others`: what becomes of connections to other backends before that. */
function meet(bench: HandlerBench, end: End, others: End = 'answered'): void {
  for (let turns = 0, name = ''; name !== '1'; turns++) {
    assert.ok(turns < 5, 'it gets no connection');
    name = bench.accept(0);
    bench.handler.onEstablished(0);
    ENDS[name === '1' ? end : others](bench);
    bench.handler.onClosed(0, 'completed');
  }
}

const times = (count: number, end: End): End[] => Array<End>(count).fill(end);

describe('a backend that ends connections before it has sent a byte', () => {
  for (const [what, ends, isOut] of [
    ['two are not enough', times(2, 'early'), false],
    ['three take it out', times(3, 'early'), true],
    ['three that nobody spoke in take it out', times(3, 'atOnce'), true],
    [
      'one that is answered in between starts the count again',
      ['early', 'early', 'answered', 'early', 'early'],
      false,
    ],
    [
      'three do not while less than half of the recent ones end so',
      [...times(50, 'answered'), ...times(3, 'early')],
      false,
    ],
    ['more of them do, though it worked before', [...times(50, 'answered'), ...times(5, 'early')], true],
    [
      'every other one that fails never does',
      Array.from({ length: 40 }, (_, n) => (n % 2 ? 'early' : 'answered')),
      false,
    ],
    [
      'a failure of long ago is forgotten',
      ['early', ...times(50, 'answered'), 'early', 'early', 'early'],
      false,
    ],
    ['clients that go first are no fault of it', times(20, 'gone'), false],
    ['a patience that ran out is none either', times(20, 'idle'), false],
    ['nor is an end after an answer', times(20, 'served'), false],
  ] as readonly (readonly [string, readonly End[], boolean])[]) {
    it(what, () => {
      const bench = benchOf({ backends: { 1: 1, 2: 1 } });
      for (const end of ends) meet(bench, end);
      const row = bench.row('1');
      assert.equal(bench.shared.health[row] === HEALTH.ejected, isOut);
      const counted = ends.filter((end) => end === 'early' || end === 'atOnce').length;
      assert.equal(bench.own.backends[row * BACKEND_COUNTERS.length + EARLY_CLOSES], counted);
      if (!isOut) return assert.deepEqual(bench.posted, []);
      const inARow = ends.length - 1 - ends.findLastIndex((end) => end === 'answered');
      const reason = `it ended ${inARow} connections in a row before it had sent a byte`;
      assert.deepEqual(bench.posted, [
        { type: 'ejected', row, generation: 1, reason, cause: 'early_closes' },
      ]);
    });
  }

  for (const [what, others] of [
    ['end like that too, as when a scanner speaks another protocol', 'early'],
    ['never answer either, as where logs are collected', 'gone'],
  ] as const) {
    it(`stays when the others ${what}`, () => {
      const bench = benchOf({ backends: { 1: 1, 2: 1 } });
      for (const end of times(20, 'early')) meet(bench, end, others);
      assert.deepEqual(bench.posted, []);
      // When the other one answers, it is known to be the backend.
      meet(bench, 'early', 'answered');
      assert.equal(bench.shared.health[bench.row('1')], HEALTH.ejected);
    });
  }

  it('stays when it is being drained', () => {
    const bench = benchOf({ backends: { 1: 1, 2: 1 } });
    const slots = Array.from({ length: 12 }, (_, slot) => slot);
    const own = slots.filter((slot) => bench.accept(slot) === '1');
    for (const slot of slots) bench.handler.onEstablished(slot);
    bench.apply({ backends: { 1: 0, 2: 1 } });
    for (const slot of slots) {
      bench.handler.onBytes(slot, 1, own.includes(slot) ? 0 : 1);
      if (own.includes(slot)) bench.handler.onBackendEnded(slot);
    }
    assert.equal(own.length, 6);
    assert.deepEqual(bench.posted, []);
  });

  it('goes out again after three when it is back', () => {
    const bench = benchOf({ backends: { 1: 1, 2: 1 } });
    for (const end of [...times(50, 'answered'), ...times(5, 'early')]) meet(bench, end);
    const row = bench.row('1');
    bench.shared.health[row] = HEALTH.healthy;
    bench.moveEpoch();
    for (const end of times(2, 'early')) meet(bench, end);
    assert.equal(bench.shared.health[row], HEALTH.healthy);
    meet(bench, 'early');
    assert.equal(bench.shared.health[row], HEALTH.ejected);
  });

  for (const [what, config] of [
    ['the only one of its pool', { backends: { 1: 1 } }],
    ['the only one of its tier', { backends: { 1: 1, 2: 1 }, tiers: { 2: 1 } }],
    ['beside others of weight 0', { backends: { 1: 1, 2: 0 } }],
    ['not checked', { backends: { 1: 1, 2: 1 }, isChecked: false }],
  ] as const) {
    it(`stays when it is ${what}`, () => {
      const bench = benchOf(config);
      for (const end of times(20, 'early')) meet(bench, end);
      assert.deepEqual([bench.posted, bench.shared.health[bench.row('1')]], [[], HEALTH.healthy]);
    });
  }

  it('stays in use when it is used in panic', () => {
    const bench = benchOf({ backends: { 1: 1, 2: 1 } });
    for (const name of ['1', '2']) bench.shared.health[bench.row(name)] = HEALTH.unhealthy;
    bench.moveEpoch();
    for (const end of times(20, 'early')) meet(bench, end);
    assert.deepEqual([bench.posted, bench.shared.health[bench.row('1')]], [[], HEALTH.unhealthy]);
  });
});
