/** The judgement of a fault run over its writes: each way to lose a promise has its words. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Commit } from '../../../core/model/commit.ts';
import { createPool } from '../../../core/model/edits/pool.ts';
import { applyCommit, emptyState } from '../../../core/model/fold.ts';
import type { State } from '../../../core/model/state.ts';
import { commitOn } from '../../../harness/state.ts';
import type { ReadCall, WriteCall, WriteEnd } from '../../faults/judgement/operation.ts';
import type { StoreLog } from '../../faults/judgement/store-log.ts';
import {
  verifyLog,
  verifyOrder,
  verifyOutcomes,
  verifyStaleReads,
} from '../../faults/judgement/verify-writes.ts';

/** A log in which each request after `setup`, which makes the pool `web`, adds the backend of its name. */
function logOf(...requestIds: string[]): StoreLog {
  const states: State[] = [emptyState('store')];
  const commits: Commit[] = [];
  for (const requestId of ['setup', ...requestIds]) {
    const state = states.at(-1) as State;
    const made = createPool({ name: 'web', backends: [] })(state);
    const value = { pool: 'web', address: addressOf(requestId), weight: 1, state: 'active' } as const;
    const changes =
      requestId === 'setup' && made.ok
        ? made.changes
        : [{ op: 'put', resource: { kind: 'backend', value } } as const];
    commits.push(commitOn(state, changes, requestId));
    states.push(applyCommit(state, commits.at(-1) as Commit));
  }
  return { head: (states.at(-1) as State).head, commits, states };
}

const addressOf = (requestId: string) => `127.0.0.1:${requestId.length + requestId.charCodeAt(0)}`;

let nowMs = 0;
const call = (requestId: string, end: WriteEnd): WriteCall => {
  const invokedMs = (nowMs += 10);
  return {
    by: 'writer',
    replica: 'control-plane-1',
    invokedMs,
    returnedMs: end.is === 'unknown' ? Number.POSITIVE_INFINITY : invokedMs + 5,
    requestId,
    write: { do: 'add', pool: 'web', address: addressOf(requestId), weight: 1 },
    end,
  };
};
const committed = (revision: number, repeated = false): WriteEnd => ({ is: 'committed', revision, repeated });
const UNKNOWN: WriteEnd = { is: 'unknown', message: 'no answer' };
const NOT_WRITTEN: WriteEnd = { is: 'not written', message: 'nothing was written' };
const outcomes = (log: StoreLog, ...calls: WriteCall[]) => verifyOutcomes(calls, log, 0).join('\n');

describe('the judgement of outcomes', () => {
  it('names what is wrong, with the calls', () => {
    const wrong: [log: StoreLog, calls: WriteCall[], words: RegExp][] = [
      [
        logOf(),
        [call('a', committed(2))],
        /a was acknowledged, and the log has it at no revision:\n {2}0\.\d+\.\.0\.\d+ writer at control-plane-1: add web/,
      ],
      [logOf('a'), [call('a', committed(7))], /a was acknowledged, and the log has it at 2/],
      [logOf('a'), [call('a', NOT_WRITTEN)], /a was refused, and it is revision 2/],
      [logOf('a'), [call('a', UNKNOWN)], /a was never settled/],
      [logOf('a'), [call('a', committed(2)), call('a', committed(2))], /as new more than once/],
      [logOf('a'), [call('a', committed(2, true))], /asked once, and is said to be a repetition/],
      [logOf('a'), [], /revision 2 is of request a, which nobody made/],
      [logOf('a', 'a'), [call('a', committed(3))], /a was committed twice: 2, 3/],
    ];
    for (const [log, calls, words] of wrong) assert.match(outcomes(log, ...calls), words);
  });

  it('notices a log that is no history, and a revision that is invalid', () => {
    const log = logOf('a', 'b');
    const [first, , third] = log.commits as [Commit, Commit, Commit];
    assert.match(verifyLog({ ...log, commits: [first, third] }).join(), /its log has a hole/);
    assert.match(verifyLog({ ...log, head: { ...log.head, hash: 'another' } }).join(), /the head says 3/);
    const broken = new Map([
      ['web', { value: { name: 'web', address: '127.0.0.1:1', pool: 'gone' }, revision: 1 }],
    ]);
    const states = [...log.states.slice(0, -1), { ...(log.states.at(-1) as State), listeners: broken }];
    assert.match(verifyLog({ ...log, states }).join(), /revision 3 is invalid/);
  });

  it('shows the end of the order that it found, and why nothing can follow', () => {
    const log = logOf('a', 'b');
    const calls = [call('b', committed(3)), call('a', committed(2))];
    const [violation = ''] = verifyOrder(calls, log, 0);
    assert.match(violation, /not linearizable/);
    assert.match(
      violation,
      /at revision 1, and none of these can come next:\n.*request b.*\n +the next revision is 2/,
    );
  });

  it('lets a stale answer be old, and nothing that never was', () => {
    const log = logOf('a', 'b');
    const stale = (revision: number, addresses: readonly string[]): ReadCall => ({
      by: 'writer',
      replica: 'control-plane-1',
      invokedMs: 0,
      returnedMs: 1,
      read: { do: 'read pool', pool: 'web' },
      end: {
        is: 'pool',
        stale: true,
        pool: {
          revision,
          backends: Object.fromEntries(addresses.map((each) => [each, { weight: 1, state: 'active' }])),
        },
      },
    });
    assert.deepEqual(verifyStaleReads([stale(2, [addressOf('a')])], log, 0), []);
    assert.match(
      verifyStaleReads([stale(3, [addressOf('a')])], log, 0).join(),
      /of no revision that there was/,
    );
  });
});
