import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Plan, PlanPool } from '../../../../../data-plane/plan/plan.ts';
import type { FailedListener } from '../../../../../data-plane/plan/plan-directory.ts';
import { PlanApplier } from '../../../../../data-plane/worker/pool/plan-applier.ts';
import type { WorkerPool } from '../../../../../data-plane/worker/pool/worker-pool.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';

/** An applier without the C library, over a pool that only remembers. */
function benchOf() {
  const clock = new FakeClock();
  const calls: string[] = [];
  /** Listener rows that fail, and why. */
  const failing = new Map<number, string>();
  /** Plans that workers can't be brought to. */
  const impossible = new Set<number>();
  /** Names of listeners that can't run, and why. */
  const obstacles = new Map<string, string>();
  const told: (readonly FailedListener[])[] = [];
  const pool: Pick<WorkerPool, 'apply' | 'listen' | 'unlisten' | 'stopAccepting'> = {
    async apply({ sequence }) {
      calls.push(`apply ${sequence}`);
      if (impossible.has(sequence)) throw new Error(`plan ${sequence} is impossible`);
      await new Promise((resolve) => setImmediate(resolve));
      calls.push(`applied ${sequence}`);
    },
    listen(listener) {
      calls.push(`listen ${listener}`);
      return Promise.resolve(failing.get(listener) ?? null);
    },
    async unlisten(listener) {
      calls.push(`unlisten ${listener}`);
    },
    stopAccepting: async () => void calls.push('stop accepting'),
  };
  const applier = new PlanApplier({
    pool,
    sockets: null,
    clock,
    obstacle: ({ name }) => obstacles.get(name) ?? null,
    onGap: (from, to) => calls.push(`gap ${from} ${to}`),
    onListenersChanged: (failed) => told.push(failed),
  });
  return { applier, clock, calls, failing, impossible, obstacles, told };
}

/** The plan, with a pool that refuses while nothing is healthy. */
function refusing(plan: Plan): Plan {
  const pool = { name: 'db', refuses: true } as PlanPool;
  return { ...plan, pools: [pool] };
}

function plan(sequence: number, ...rows: readonly number[]): Plan {
  const listeners = rows.map((row) => ({
    row,
    name: `l${row}`,
    address: `127.0.0.1:${1_000 + row}`,
    binding: `127.0.0.1:${1_000 + row}`,
    pool: 0,
    firstBytes: null,
    admission: null,
    tls: null,
  }));
  return { sequence, revision: sequence, listeners, pools: [] };
}

describe('the plan applier', () => {
  it('applies one plan at a time, in the order they came', async () => {
    const { applier, calls } = benchOf();
    await Promise.all([applier.apply(plan(1, 1)), applier.apply(plan(2, 2)), applier.apply(plan(3, 2))]);
    assert.deepEqual(calls, [
      'apply 1',
      'applied 1',
      'listen 1',
      'unlisten 1',
      'apply 2',
      'applied 2',
      'listen 2',
      'apply 3',
      'applied 3',
    ]);
  });

  it('accepts again for a listener whose removal failed, and for no other', async () => {
    const { applier, calls, impossible } = benchOf();
    await applier.apply(plan(1, 1, 2));
    impossible.add(2);
    await assert.rejects(applier.apply(plan(2, 2, 3)), /plan 2 is impossible/);
    assert.deepEqual(calls.slice(4), ['unlisten 1', 'apply 2', 'listen 1']);
  });

  it('names a listener that fails, and tells when it recovers by itself', async () => {
    const { applier, clock, failing, told } = benchOf();
    failing.set(2, 'EADDRINUSE: taken');
    const { failedListeners } = await applier.apply(plan(1, 1, 2));
    assert.deepEqual(failedListeners, [
      { listener: 'l2', address: '127.0.0.1:1002', reason: 'EADDRINUSE: taken' },
    ]);
    await clock.advanceSettling(1_000);
    assert.deepEqual(told, [], 'the first retry found it taken still');
    failing.clear();
    await clock.advanceSettling(1_000);
    assert.deepEqual(told, [[]]);
    await clock.advanceSettling(100_000);
    assert.equal(told.length, 1);
    assert.equal(clock.pending, 0, 'nothing is left to retry');
  });

  it('rejects a listener that the proxy cannot run, alone, until the obstacle is gone', async () => {
    const { applier, calls, clock, obstacles, told } = benchOf();
    await applier.apply(plan(1, 1, 2));
    obstacles.set('l1', 'a certificate is missing');
    calls.length = 0;
    // Another configuration of a listener that runs: it must not go on with the one before.
    const { failedListeners } = await applier.apply(plan(2, 1, 2));
    const failure = { listener: 'l1', address: '127.0.0.1:1001', reason: 'a certificate is missing' };
    assert.deepEqual([failedListeners, calls], [[failure], ['unlisten 1', 'apply 2', 'applied 2']]);
    obstacles.set('l1', 'a key does not fit');
    await clock.advanceSettling(1_000);
    obstacles.clear();
    await clock.advanceSettling(1_000);
    assert.deepEqual(told, [[{ ...failure, reason: 'a key does not fit' }], []]);
    assert.deepEqual(calls.slice(3), ['listen 1']);
  });

  it('listens on new addresses of a pool that refuses once that is ready, whatever is retried meanwhile', async () => {
    const { applier, calls, clock, failing } = benchOf();
    failing.set(1, 'EADDRINUSE: taken');
    await applier.apply(plan(1, 1, 2));
    await applier.apply(refusing(plan(2, 1, 2, 3)));
    calls.length = 0;
    assert.equal(await applier.listen(() => false), false);
    await clock.advanceSettling(5_000);
    assert.deepEqual(calls, [], 'what failed is new, and waits too');
    assert.equal(await applier.listen((pool) => pool === 'db'), true);
    assert.deepEqual(calls, ['listen 1', 'listen 3']);
    assert.equal(await applier.listen(() => false), true, 'nothing waits');
  });

  it('lets an address that overlaps one where clients come listen at once', async () => {
    const { applier, calls } = benchOf();
    await applier.apply(plan(1, 1));
    const wider = {
      row: 2,
      name: 'l1',
      address: '0.0.0.0:1001',
      binding: '0.0.0.0:1001',
      pool: 0,
      firstBytes: null,
      admission: null,
      tls: null,
    };
    await applier.apply(refusing({ ...plan(2), listeners: [wider] }));
    assert.equal(calls.at(-1), 'listen 2');
    assert.equal(await applier.listen(() => false), true);
  });

  it('lets nothing wait after a plan that failed', async () => {
    const { applier, calls, impossible } = benchOf();
    await applier.apply(plan(1, 1));
    impossible.add(2);
    await assert.rejects(applier.apply(refusing(plan(2, 2))));
    assert.deepEqual(calls.slice(-1), ['listen 1']);
    assert.equal(await applier.listen(() => false), true);
  });

  it('tries each second, however long it lasts: the address may come at any time', async () => {
    const { applier, clock, calls, failing } = benchOf();
    failing.set(1, 'EADDRINUSE: taken');
    await applier.apply(plan(1, 1));
    await clock.advanceSettling(60_000);
    const retries = calls.filter((call) => call === 'listen 1').length - 1;
    assert.equal(retries, 60);
  });

  it('tries a failed listener again with the next plan', async () => {
    const { applier, failing } = benchOf();
    failing.set(1, 'EADDRINUSE: taken');
    await applier.apply(plan(1, 1));
    failing.clear();
    assert.deepEqual((await applier.apply(plan(2, 1))).failedListeners, []);
  });

  it('accepts nothing any more after stopAccepting, and still applies plans', async () => {
    const { applier, calls, clock, failing } = benchOf();
    failing.set(1, 'EADDRINUSE: taken');
    await applier.apply(plan(1, 1));
    await applier.stopAccepting();
    await applier.apply(plan(2, 3));
    await clock.advanceSettling(100_000);
    assert.deepEqual(calls.slice(3), ['stop accepting', 'apply 2', 'applied 2']);
  });
});
