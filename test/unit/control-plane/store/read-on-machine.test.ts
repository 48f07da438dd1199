/** Reading on: whole or not at all, along one history, never back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  NOT_READ_YET,
  type ReadOnEffect,
  type ReadOnEvent,
  type ReadOnState,
  stepReadOn,
} from '../../../../control-plane/store/read-on-machine.ts';
import type { Commit, Position } from '../../../../core/model/commit.ts';
import { createPool } from '../../../../core/model/edits/pool.ts';
import { applyCommit, emptyState } from '../../../../core/model/fold.ts';
import { changesOf, commitOn } from '../../../harness/state.ts';

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

/** Answers every `read` from the log, at most `most` commits at a time. */
function readTo(state: ReadOnState, head: Position, most = 100) {
  const seen: ReadOnEffect[] = [];
  let event: ReadOnEvent = { type: 'head', head };
  let now = state;
  for (;;) {
    const step = stepReadOn(now, event);
    now = step.state;
    seen.push(...step.effects);
    const [effect] = step.effects;
    if (effect?.type !== 'read') return { state: now, effects: seen };
    const from = effect.from - 1;
    event = { type: 'commits', commits: log.slice(from, from + Math.min(most, effect.limit)) };
  }
}

describe('reading on', () => {
  it('reads in pieces up to the head that it saw, and no further', () => {
    const { state, effects } = readTo(NOT_READ_YET, headAt(230));
    assert.deepEqual(
      effects.map((effect) => (effect.type === 'read' ? [effect.from, effect.limit] : effect.type)),
      [[1, 100], [101, 100], [201, 30], 'keep'],
    );
    assert.equal(state.followed?.state.pools.size, 230);
    assert.equal(state.followed?.position.version, 231);
  });

  it('takes fewer commits than it asked for, and asks on', () => {
    const { effects } = readTo(NOT_READ_YET, headAt(5), 2);
    const kept = effects.at(-1);
    assert.equal(kept?.type === 'keep' && kept.commits.length, 5);
  });

  it('keeps nothing of a read that was cut off', () => {
    const { state } = readTo(NOT_READ_YET, headAt(3));
    const asked = stepReadOn(state, { type: 'head', head: headAt(9) });
    const away = stepReadOn(asked.state, { type: 'away' });
    assert.deepEqual(away.state, state);
    const late = stepReadOn(away.state, { type: 'commits', commits: log.slice(3, 9) });
    assert.deepEqual(late, { state, effects: [] });
  });

  it('says that it is there when nothing is new, with the version of that moment', () => {
    const { state } = readTo(NOT_READ_YET, headAt(3));
    const step = stepReadOn(state, { type: 'head', head: headAt(3, { version: 9 }) });
    assert.equal(step.state.followed?.position.version, 9);
    assert.deepEqual(
      step.effects.map(({ type }) => type),
      ['keep'],
    );
  });

  it('refuses whatever is not the same history, and keeps what it has', () => {
    const { state } = readTo(NOT_READ_YET, headAt(3));
    const [first, second] = log;
    assert.ok(first && second);
    const cases: readonly [string, Position, readonly Commit[], RegExp][] = [
      ['another store', headAt(4, { storeId: 'other' }), [], /another store/],
      ['an older head', headAt(2), [], /went back from revision 3 to 2/],
      ['another hash', headAt(3, { hash: 'x' }), [], /its history was replaced/],
      ['a hole', headAt(6), log.slice(4, 6), /after revision 3 comes 5/],
      ['a log that ends early', headAt(6), [], /its log ends before revision 4, and its head says 6/],
      ['a damaged commit', headAt(4), [{ ...(log[3] as Commit), author: 'x' }], /damaged/],
      ['a head that its log does not have', headAt(4, { hash: 'x' }), log.slice(3, 4), /its head names/],
    ];
    for (const [name, head, commits, doubt] of cases) {
      const asked = stepReadOn(state, { type: 'head', head });
      const [one] = asked.effects;
      const last = one?.type === 'read' ? stepReadOn(asked.state, { type: 'commits', commits }) : asked;
      const [effect] = last.effects;
      assert.match(effect?.type === 'refuse' ? effect.doubt : `${name}: ${effect?.type}`, doubt, name);
      assert.deepEqual(last.state, state, name);
    }
  });
});
