import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { STRATEGIES } from '../../../../core/model/resources.ts';
import { NO_ROW } from '../../../../data-plane/engine/engine.ts';
import { HEALTH } from '../../../../data-plane/memory/shared-memory.ts';
import { benchOf, type HandlerBench } from '../../../../harness/worker/handler-bench.ts';

const { ECANCELED, EADDRNOTAVAIL, ETIMEDOUT } = constants.errno;

describe('the connection handler', () => {
  it('retries on backends not tried yet, then gives up', () => {
    const bench = benchOf({ backends: { 1: 1, 2: 1, 3: 1, 4: 1 }, retries: 2 });
    const tried = [bench.accept(0), bench.fail(0), bench.fail(0)];
    assert.equal(new Set(tried).size, 3, tried.join());
    assert.equal(bench.handler.retryDelayMs, 0);
    assert.equal(bench.fail(0), 'none');
    bench.handler.onClosed(0, 'connect_failed');
    assert.equal(bench.allOpen, 0);
  });

  it('tries a lone backend again after delays that double, with jitter', () => {
    const bench = benchOf({ backends: { 1: 1 }, retries: 4 });
    bench.accept(0);
    for (const step of [100, 200, 400, 800]) {
      assert.equal(bench.fail(0), '1');
      const delay = bench.handler.retryDelayMs;
      assert.ok(delay >= step / 2 && delay <= step, `${delay} is not between half and all of ${step}`);
    }
    assert.equal(bench.fail(0), 'none');
  });

  it('tries others before it tries one again', () => {
    const bench = benchOf({ backends: { 1: 1, 2: 1 }, retries: 3 });
    const first = [bench.accept(0), bench.fail(0)];
    assert.deepEqual(
      [...first].sort((a, b) => Number(a) - Number(b)),
      ['1', '2'],
    );
    assert.notEqual(bench.fail(0), 'none');
    assert.ok(bench.handler.retryDelayMs > 0);
    assert.notEqual(bench.fail(0), 'none');
    assert.equal(bench.handler.retryDelayMs, 0, 'the other one needs no delay');
  });

  it('lets connections wait for full backends, the first to come first, and one that was served before all others', () => {
    const queue = { length: 3, timeoutMs: 1_000 };
    const bench = benchOf({ backends: { 1: 1, 2: 1 }, maxConnections: 1, queue });
    const [first] = [bench.accept(0), bench.accept(1)];
    assert.deepEqual(
      [2, 3, 4, 5].map((slot) => bench.accept(slot)),
      ['wait', 'wait', 'wait', 'none'],
    );
    assert.equal(bench.handler.refusal, 'backend_full');
    bench.handler.onClosed(5, bench.handler.refusal);
    bench.clock.advance(400);
    bench.handler.onClosed(4, 'client_reset');
    bench.handler.onClosed(0, 'completed');
    assert.deepEqual(bench.woken, [0]);
    assert.equal(bench.accept(5), 'wait', 'nobody overtakes');
    bench.handler.serveWaiting(bench.engine);
    assert.deepEqual(bench.reconsidered.splice(0), [2]);
    assert.equal(bench.fail(2, ECANCELED), first);
    // As if another worker took the place that the failed connect gives up.
    Atomics.add(bench.shared.open, bench.row(first === '1' ? '2' : '1'), 1);
    assert.equal(bench.fail(1), 'wait');
    bench.handler.onClosed(2, 'completed');
    bench.handler.serveWaiting(bench.engine);
    assert.deepEqual(bench.reconsidered.splice(0), [1]);
    bench.clock.advance(600);
    assert.equal(bench.fail(3, ETIMEDOUT), first, 'there is room at the last moment');
    assert.equal(bench.fail(5, ECANCELED), 'wait');
    assert.equal(bench.handler.retryDelayMs, 400);
    bench.clock.advance(400);
    assert.equal(bench.fail(5, ETIMEDOUT), 'none');
    assert.equal(bench.handler.refusal, 'queue_timeout');
  });

  it('tells the engine to reconsider attempts to backends that a new plan gives nothing', () => {
    const bench = benchOf({ backends: { 1: 1, 2: 1, 3: 1 } });
    const names = [0, 1, 2].map((slot) => bench.accept(slot));
    assert.equal(new Set(names).size, 3);
    const [removed, drained, kept] = names as [string, string, string];
    bench.apply({ backends: { [drained]: 0, [kept]: 1 } });
    assert.deepEqual(bench.reconsidered, [0, 1]);
    assert.equal(bench.fail(0, ECANCELED), kept);
    assert.equal(bench.fail(1, ECANCELED), kept);
    assert.equal(bench.row(removed), NO_ROW);
    for (const slot of [0, 1, 2]) bench.handler.onClosed(slot, 'client_reset');
    assert.equal(bench.allOpen, 0);
  });

  it('does not count a reconsidered attempt as failed', () => {
    const bench = benchOf({ backends: { 1: 1 }, retries: 0 });
    bench.accept(0);
    bench.apply({ backends: { 2: 1 }, retries: 0 });
    assert.equal(bench.fail(0, ECANCELED), '2');
    assert.equal(
      bench.own.backends.reduce((sum, each) => sum + each, 0),
      0,
    );
    assert.equal(bench.fail(0), 'none', 'this one failed');
  });

  it('does not reconsider an established connection', () => {
    const bench = benchOf({ backends: { 1: 1 } });
    bench.accept(0);
    bench.handler.onEstablished(0);
    bench.apply({ backends: {} });
    assert.deepEqual(bench.reconsidered, []);
    assert.equal(bench.allOpen, 1);
    bench.handler.onClosed(0, 'completed');
    assert.equal(bench.allOpen, 0, 'no plan names the row, and still it is given back');
  });

  it('takes a backend out after three failures in a row, and only for what speaks of the backend', () => {
    const bench = benchOf({ backends: { 1: 1 }, retries: 10 });
    bench.accept(0);
    for (let n = 0; n < 5; n++) bench.fail(0, EADDRNOTAVAIL);
    assert.deepEqual(bench.posted, []);
    bench.handler.onClosed(0, 'connect_failed');
    bench.accept(0);
    bench.fail(0);
    bench.fail(0);
    bench.handler.onEstablished(0);
    bench.handler.onClosed(0, 'completed');
    bench.accept(0);
    bench.fail(0);
    bench.fail(0);
    assert.deepEqual(bench.posted, [], 'a success in between starts the count again');
    assert.equal(bench.fail(0), '1', 'out, but in panic it is better than nothing');
    bench.fail(0);
    const row = bench.row('1');
    const reason = '3 failed connects in a row, the last one with ECONNREFUSED';
    assert.deepEqual(bench.posted, [{ type: 'ejected', row, generation: 1, reason }]);
    assert.equal(bench.shared.health[row], HEALTH.ejected);
  });

  it('never takes out a backend without health check', () => {
    const bench = benchOf({ backends: { 1: 1 }, retries: 10, isChecked: false });
    bench.accept(0);
    for (let n = 0; n < 5; n++) bench.fail(0);
    assert.deepEqual([bench.posted, bench.shared.health[bench.row('1')]], [[], HEALTH.healthy]);
  });

  it('closes the connections of one backend, and sends attempts towards it elsewhere', () => {
    const bench = benchOf({ backends: { 1: 1, 2: 1 } });
    const slots = [0, 1, 2, 3, 4, 5];
    const toFirst = slots.filter((slot) => bench.accept(slot) === '1');
    const [established, connecting] = [toFirst.slice(0, 2), toFirst.slice(2)];
    for (const slot of established) bench.handler.onEstablished(slot);
    bench.handler.closeBackend(bench.row('1'), 'backend_down', 1, bench.engine);
    assert.deepEqual(
      bench.resets,
      established.map((slot) => `${slot} backend_down`),
    );
    assert.deepEqual([bench.reconsidered, connecting.length], [connecting, 1]);
  });

  it('closes about the share of the connections that it is told', () => {
    const bench = benchOf({ backends: { 1: 1 } });
    for (let slot = 0; slot < 1_000; slot++) {
      bench.accept(slot);
      bench.handler.onEstablished(slot);
    }
    bench.handler.closeBackend(bench.row('1'), 'drain_deadline', 0.1, bench.engine);
    assert.ok(bench.resets.length > 50 && bench.resets.length < 150, `${bench.resets.length} of 1,000`);
  });

  it('gives each connection a lifetime of its own, up to a tenth shorter, and changes it for new ones only', () => {
    const bench = benchOf({ backends: { 1: 1 }, maxLifetimeMs: 1_000 });
    const lifetime = (slot: number) => {
      bench.accept(slot);
      return bench.handler.timeouts(slot).lifetimeMs;
    };
    const lifetimes = Array.from({ length: 100 }, (_, slot) => lifetime(slot));
    assert.equal(new Set(lifetimes).size, 100);
    assert.ok(Math.min(...lifetimes) >= 900 && Math.max(...lifetimes) <= 1_000);
    bench.apply({ backends: { 1: 1 } });
    assert.deepEqual([lifetime(100), bench.handler.timeouts(0).lifetimeMs], [0, lifetimes[0]]);
  });

  it('gives back every reservation exactly once, whatever happens in whatever order', () => {
    const slot = fc.integer({ min: 0, max: 5 });
    const weights = fc.dictionary(fc.constantFrom('1', '2', '3', '4'), fc.integer({ min: 0, max: 3 }));
    const step = fc.oneof(
      fc.record({ type: fc.constantFrom('accept', 'fail', 'establish', 'close', 'bytes'), slot }),
      fc.record({ type: fc.constant('apply'), backends: weights, strategy: fc.constantFrom(...STRATEGIES) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const bench = benchOf({ backends: { 1: 1, 2: 1 } });
        /** By slot: what the engine believes of it. */
        const states = new Map<number, 'connecting' | 'established'>();
        for (const each of steps) {
          if ('backends' in each) {
            bench.apply(each);
            for (const slot of bench.reconsidered.splice(0)) {
              if (bench.fail(slot, ECANCELED) === 'none') close(bench, states, slot);
            }
          } else doOne(bench, states, each.type, each.slot);
          const reserved = states.size;
          assert.equal(bench.allOpen, reserved, 'one reservation a connection');
          assert.equal(bench.own.listenerOpen[0], reserved);
        }
        for (const slot of states.keys()) close(bench, states, slot);
        assert.ok(bench.shared.open.every((open) => open === 0));
        assert.ok(bench.own.backendOpen.every((open) => open === 0));
      }),
      { numRuns: 60 },
    );
  });
});

type States = Map<number, 'connecting' | 'established'>;

function close(bench: HandlerBench, states: States, slot: number): void {
  bench.handler.onClosed(slot, 'completed');
  states.delete(slot);
}

/** What an engine does next with a slot, if it can. */
function doOne(bench: HandlerBench, states: States, type: string, slot: number): void {
  const state = states.get(slot);
  if (type === 'accept' && !state) {
    states.set(slot, 'connecting');
    if (bench.accept(slot) === 'none') close(bench, states, slot);
  } else if (type === 'fail' && state === 'connecting') {
    if (bench.fail(slot) === 'none') close(bench, states, slot);
  } else if (type === 'establish' && state === 'connecting') {
    bench.handler.onEstablished(slot);
    states.set(slot, 'established');
  } else if (type === 'bytes' && state === 'established') bench.handler.onBytes(slot, 1, 1);
  else if (type === 'close' && state) close(bench, states, slot);
}
