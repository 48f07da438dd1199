/** From a state to a head: whole or not at all, along one history, never back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type FollowedState,
  type LogRead,
  planCatchUp,
  type ReadGoal,
  readUpTo,
} from '../../../../../control-plane/store/log/catch-up-plan.ts';
import type { Commit, Position } from '../../../../../core/model/commit.ts';
import { createPool } from '../../../../../core/model/edits/pool.ts';
import { applyCommit, applyCommits, emptyState } from '../../../../../core/model/fold.ts';
import type { State } from '../../../../../core/model/state.ts';
import { changesOf, commitOn } from '../../../../../harness/state.ts';

const log: readonly Commit[] = (() => {
  let state = emptyState('store');
  return Array.from({ length: 250 }, (_, index) => {
    const commit = commitOn(
      state,
      changesOf(state, createPool({ name: `p${index}`, backends: [] })),
      `${index}`,
    );
    state = applyCommit(state, commit);
    return commit;
  });
})();

function headAt(revision: number, fields: Partial<Position> = {}): Position {
  const hash = log[revision - 1]?.hash ?? emptyState('store').head.hash;
  return { storeId: 'store', revision, hash, version: revision + 1, ...fields };
}

const goalAt = (revision: number, last = revision) => ({ head: headAt(last), revision });

/** Reads from the log, at most `most` commits at a time; the ranges that were requested, and the result. */
function readAll(base: State, goal: ReadGoal, most = 100): { ranges: number[][]; result: LogRead } {
  const reading = readUpTo(base, goal);
  const ranges: number[][] = [];
  let step = reading.next();
  while (!step.done) {
    const { from, limit } = step.value;
    ranges.push([from, limit]);
    step = reading.next(log.slice(from - 1, from - 1 + Math.min(most, limit)));
  }
  return { ranges, result: step.value };
}

const stateAt = (revision: number) => applyCommits(emptyState('store'), log.slice(0, revision));
const knownAt = (revision: number): FollowedState => ({
  state: stateAt(revision),
  position: headAt(revision),
});

describe('reading up to a revision', () => {
  it('reads in pieces up to its goal, and no further', () => {
    const { ranges, result } = readAll(emptyState('store'), goalAt(230, 250));
    assert.deepEqual(ranges, [
      [1, 100],
      [101, 100],
      [201, 30],
    ]);
    assert.equal(result.ok && result.state.pools.size, 230);
  });

  it('takes fewer commits than it asked for, and asks on', () => {
    const { result } = readAll(stateAt(2), goalAt(7), 2);
    assert.deepEqual(result.ok && result.commits, log.slice(2, 7));
  });

  it('reads nothing where it begins at its goal', () => {
    const { ranges, result } = readAll(stateAt(3), goalAt(3, 9));
    assert.deepEqual([ranges, result], [[], { ok: true, state: stateAt(3), commits: [] }]);
  });

  it('refuses what does not follow, and tells a log that ends early from a wrong one', () => {
    const cases: readonly [string, Position, readonly Commit[], RegExp, boolean][] = [
      ['a hole', headAt(6), log.slice(4, 6), /after revision 3 comes 5/, false],
      ['nothing', headAt(6), [], /its log ends before revision 4, but its head is at 6/, true],
      ['a damaged commit', headAt(4), [{ ...(log[3] as Commit), author: 'x' }], /damaged/, false],
      ['another hash', headAt(4, { hash: 'x' }), log.slice(3, 4), /its head names/, false],
      ['another store', headAt(4, { storeId: 'other' }), log.slice(3, 4), /its head names/, false],
    ];
    for (const [name, head, commits, reason, trimmed] of cases) {
      const reading = readUpTo(stateAt(3), { head, revision: head.revision });
      reading.next();
      const { value } = reading.next(commits);
      assert.ok('ok' in value && !value.ok, name);
      assert.match(value.reason, reason, name);
      assert.equal(value.trimmed, trimmed, name);
    }
  });
});

describe('the plan from a state to a head', () => {
  it('continues a state, begins anew without one, and stays when nothing is new', () => {
    const known = knownAt(3);
    assert.deepEqual(planCatchUp(null, headAt(3)), { type: 'read', base: null });
    assert.deepEqual(planCatchUp(known, headAt(4)), { type: 'read', base: known });
    assert.deepEqual(planCatchUp(known, headAt(3, { version: 9 })), { type: 'stay', state: known.state });
  });

  it('begins anew with a store that takes the place of the one that was followed, at whatever revision', () => {
    const adopted = { storeId: 'other', replaces: ['its own', 'store'] };
    for (const revision of [1, 3, 5]) {
      assert.deepEqual(planCatchUp(knownAt(3), headAt(revision, adopted)), { type: 'read', base: null });
    }
  });

  it('refuses whatever is not the same history', () => {
    const cases: readonly [Position, RegExp][] = [
      [headAt(4, { storeId: 'other' }), /a different store/],
      [headAt(2), /went back from revision 3 to 2/],
      [headAt(3, { version: 3 }), /went back .*version 4 to 3/],
      [headAt(3, { hash: 'x' }), /its history was replaced/],
    ];
    for (const [head, reason] of cases) {
      const plan = planCatchUp(knownAt(3), head);
      assert.match(plan.type === 'refuse' ? plan.reason : plan.type, reason);
    }
  });
});
