/** Which replica a proxy chooses, and what it never takes from one. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  fresherReplica,
  nextReplica,
  type ReplicaView,
} from '../../../../data-plane/subscription/replica-choice.ts';
import { position } from '../../../../harness/snapshots.ts';
import { backwardViolations } from '../../../../data-plane/subscription/never-backwards.ts';

const replicas = ['a', 'b', 'c'];
const view = (fields: Partial<ReplicaView> = {}): ReplicaView => ({
  position: position(5),
  storeAgeMs: 100,
  stopping: false,
  ...fields,
});
const views = (entries: Record<string, ReplicaView>) => new Map(Object.entries(entries));

describe('the next replica to try', () => {
  it('is the first at the start, then the one after, round and round', () => {
    assert.equal(nextReplica(replicas, null, new Map()), 'a');
    assert.equal(nextReplica(replicas, 'a', new Map()), 'b');
    assert.equal(nextReplica(replicas, 'c', new Map()), 'a');
  });

  it('is not one that is stopping, unless all are', () => {
    const stopping = view({ stopping: true });
    assert.equal(nextReplica(replicas, 'a', views({ b: stopping })), 'c');
    assert.equal(nextReplica(replicas, 'a', views({ a: stopping, b: stopping, c: stopping })), 'b');
  });
});

describe('a fresher replica', () => {
  const stale = view({ storeAgeMs: 10_001 });
  const choose = (entries: Record<string, ReplicaView>) =>
    fresherReplica(replicas, 'a', views(entries), position(5));

  const cases: readonly [string, Record<string, ReplicaView>, string | null][] = [
    [
      'stays while the present one is fresh',
      { a: view({ storeAgeMs: 10_000 }), b: view({ storeAgeMs: 0 }) },
      null,
    ],
    ['stays while nothing is known of the present one', { b: view() }, null],
    ['leaves a stale one', { a: stale, b: view() }, 'b'],
    ['leaves a stopping one', { a: view({ stopping: true }), b: view() }, 'b'],
    ['goes to the freshest', { a: stale, b: view({ storeAgeMs: 500 }), c: view({ storeAgeMs: 20 }) }, 'c'],
    ['does not go to a stale one', { a: stale, b: view({ storeAgeMs: 20_000 }) }, null],
    [
      'does not go to one that is about to be stale itself',
      { a: stale, b: view({ storeAgeMs: 9_500 }), c: view({ storeAgeMs: 3_001 }) },
      null,
    ],
    ['does not go to a stopping one', { a: stale, b: view({ stopping: true }) }, null],
    ['does not go to one without a store', { a: stale, b: view({ position: null }) }, null],
    ['does not go to one that is behind', { a: stale, b: view({ position: position(4) }) }, null],
    [
      'does not go to another store',
      { a: stale, b: view({ position: position(9, { storeId: 'x' }) }) },
      null,
    ],
  ];
  for (const [what, entries, expected] of cases) {
    it(what, () => assert.equal(choose(entries), expected));
  }
});

const running = position(5, { version: 50 });

describe('never backwards', () => {
  const allowed = [
    ['the same position again', running],
    ['a later revision', position(6, { version: 51 })],
    [
      'an earlier revision of a store that takes the place of the one it came from',
      position(1, { version: 2, storeId: 'new', replaces: ['x', running.storeId] }),
    ],
    ['a later version of the same revision', position(5, { version: 60 })],
  ] as const;
  for (const [what, next] of allowed) {
    it(`allows ${what}`, () => assert.deepEqual(backwardViolations(running, next), []));
  }

  const refused = [
    ['another store', position(6, { version: 51, storeId: 'other' }), 'position.store_id'],
    [
      'a store that takes the place of others',
      position(6, { version: 51, storeId: 'other', replaces: ['x'] }),
      'position.store_id',
    ],
    ['an earlier revision', position(4, { version: 51 }), 'position.revision'],
    ['another history', position(5, { version: 51, hash: 'fork' }), 'position.hash'],
    ['an earlier version', position(6, { version: 49 }), 'position.version'],
  ] as const;
  for (const [what, next, field] of refused) {
    it(`refuses ${what}, and says what to do`, () => {
      const [violation, ...others] = backwardViolations(running, next);
      assert.equal(violation?.field, field);
      assert.match(violation?.description ?? '', /accept the store: lbctl store adopt/);
      assert.deepEqual(others, []);
    });
  }

  it('takes anything when nothing runs', () => {
    assert.deepEqual(backwardViolations(null, position(1, { storeId: 'other' })), []);
  });
});
