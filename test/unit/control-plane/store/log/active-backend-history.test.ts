import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ActiveBackendHistory,
  activeIn,
} from '../../../../../control-plane/store/log/active-backend-history.ts';
import type { Change, Commit } from '../../../../../core/model/commit.ts';
import { applyCommit, emptyState } from '../../../../../core/model/fold.ts';
import type { State } from '../../../../../core/model/state.ts';
import { commitOn } from '../../../../../harness/state.ts';

const KEPT_MS = 5_000;
const FROM_THE_START = Number.NEGATIVE_INFINITY;

const put = (pool: string): Change => ({
  op: 'put',
  resource: { kind: 'pool', value: { name: pool, policy: 'default' } },
});
const backend = (
  pool: string,
  index: number,
  weight = 1,
  state: 'active' | 'draining' = 'active',
): Change => ({
  op: 'put',
  resource: { kind: 'backend', value: { pool, address: `10.0.0.${index}:80`, weight, state } },
});
const removed = (pool: string, index: number): Change => ({
  op: 'delete',
  kind: 'backend',
  name: `${pool}/10.0.0.${index}:80`,
});

/** A log of these changes, each at its time. */
function logOf(steps: readonly { readonly timeMs: number; readonly changes: readonly Change[] }[]) {
  let state = emptyState('store');
  const states: State[] = [];
  const commits = steps.map(({ timeMs, changes }): Commit => {
    const commit = { ...commitOn(state, [...changes]), timeMs };
    state = applyCommit(state, commit);
    states.push(state);
    return commit;
  });
  return { commits, states };
}

const WEB = logOf([
  { timeMs: 1_000, changes: [put('web'), backend('web', 1), backend('web', 2), backend('web', 3, 0)] },
  { timeMs: 3_000, changes: [backend('web', 4)] },
  { timeMs: 4_200, changes: [backend('web', 1, 1, 'draining'), removed('web', 2)] },
]);

function whole({ commits }: typeof WEB, keptMs = KEPT_MS): ActiveBackendHistory {
  const history = new ActiveBackendHistory(keptMs, emptyState('store'), FROM_THE_START);
  history.follow(commits);
  return history;
}

const change = fc.oneof(
  fc.constantFrom('web', 'api').map(put),
  fc
    .record({
      pool: fc.constantFrom('web', 'api'),
      index: fc.integer({ min: 1, max: 6 }),
      weight: fc.constantFrom(0, 1),
    })
    .map(({ pool, index, weight }) => backend(pool, index, weight)),
  fc.integer({ min: 1, max: 6 }).map((index) => removed('web', index)),
  fc.constant<Change>({ op: 'delete', kind: 'pool', name: 'api' }),
);
const log = fc
  .array(fc.record({ afterMs: fc.integer({ min: 0, max: 3_000 }), change }), { minLength: 1, maxLength: 40 })
  .map((steps) => {
    let timeMs = 0;
    return logOf(steps.map((step) => ({ timeMs: (timeMs += step.afterMs), changes: [step.change] })));
  });

/** The most that a pool had from `sinceMs` to the end of a log, as its states say. */
function mostOf({ commits, states }: typeof WEB, sinceMs: number, pool: string): number {
  let newestMs = Number.NEGATIVE_INFINITY;
  const times = commits.map(({ timeMs }) => (newestMs = Math.max(newestMs, timeMs)));
  const end = states.at(-1)?.pools.get(pool);
  // A pool that was created again has no past.
  const created = states.findLastIndex(({ pools }) => !pools.has(pool)) + 1;
  const counts = states.slice(created).flatMap((state, index) => {
    const endedMs = times[created + index + 1] ?? Number.POSITIVE_INFINITY;
    return endedMs > sinceMs ? [activeIn(state.pools.get(pool))] : [];
  });
  return end === undefined ? 0 : Math.max(...counts);
}

describe('the history of active backends', () => {
  it('tells the most that a pool had since a time, now included', () => {
    const history = whole(WEB);
    assert.deepEqual(
      [999, 2_999, 3_000, 4_199, 4_200, 99_000].map((since) => history.mostSince(since, 'web').active),
      [3, 3, 3, 3, 1, 1],
    );
    assert.deepEqual(history.mostSince(2_000, 'else'), { active: 0, complete: true });
  });

  it('says where it does not know all of that time', () => {
    const [first] = WEB.states as [State];
    const history = new ActiveBackendHistory(KEPT_MS, first, 1_000);
    history.follow(WEB.commits.slice(1));
    assert.deepEqual(history.mostSince(999, 'web'), { active: 3, complete: false });
    assert.deepEqual(history.mostSince(1_000, 'web'), { active: 3, complete: true });
    assert.deepEqual(history.mostSince(4_200, 'web'), { active: 1, complete: true });
  });

  it('keeps the order of the log when a clock runs behind', () => {
    const history = whole(
      logOf([
        { timeMs: 5_000, changes: [put('web'), backend('web', 1), backend('web', 2)] },
        { timeMs: 9_000, changes: [backend('web', 3)] },
        { timeMs: 8_000, changes: [removed('web', 2), removed('web', 3)] },
      ]),
    );
    assert.deepEqual(
      [history.mostSince(8_500, 'web').active, history.mostSince(9_000, 'web').active],
      [3, 1],
    );
  });

  it('agrees with the log for all that is kept, in pieces, and put behind an older one', () => {
    fc.assert(
      fc.property(log, fc.nat(40), fc.nat(40), (made, one, other) => {
        const [cut, piece] = [one % made.commits.length, 1 + (other % made.commits.length)];
        const follow = (history: ActiveBackendHistory, commits: readonly Commit[]) => {
          for (let at = 0; at < commits.length; at += piece) history.follow(commits.slice(at, at + piece));
          return history;
        };
        const older = new ActiveBackendHistory(KEPT_MS, emptyState('store'), FROM_THE_START);
        follow(older, made.commits.slice(0, cut));
        const sinceMs = made.commits[cut - 1]?.timeMs ?? FROM_THE_START;
        const younger = new ActiveBackendHistory(
          KEPT_MS,
          made.states[cut - 1] ?? emptyState('store'),
          sinceMs,
        );
        const history = older.continuedBy(follow(younger, made.commits.slice(cut)));
        const last = made.commits.at(-1)?.timeMs ?? 0;
        for (let since = last - KEPT_MS; since <= last; since += 250) {
          for (const pool of ['web', 'api']) {
            assert.equal(
              history.mostSince(since, pool).active,
              mostOf(made, since, pool),
              `${pool} ${since}`,
            );
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});
