import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  ActiveBackendHistory,
  activeIn,
} from '../../../../../control-plane/store/log/active-backend-history.ts';
import type { Change, Commit } from '../../../../../core/model/commit.ts';
import { applyCommit, applyCommits, emptyState } from '../../../../../core/model/fold.ts';
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
  return { commits, states, end: state };
}

const WEB = logOf([
  { timeMs: 1_000, changes: [put('web'), backend('web', 1), backend('web', 2), backend('web', 3, 0)] },
  { timeMs: 3_000, changes: [backend('web', 4)] },
  { timeMs: 4_200, changes: [backend('web', 1, 1, 'draining'), removed('web', 2)] },
]);

function whole({ commits, end }: typeof WEB, keptMs = KEPT_MS): ActiveBackendHistory {
  const history = new ActiveBackendHistory(keptMs, emptyState('store'), FROM_THE_START);
  history.follow(emptyState('store'), commits, end);
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

/** The numbers at whole seconds at which nothing happened, in the time that is kept. */
function check(history: ActiveBackendHistory, { commits, states }: typeof WEB, fromMs: number): void {
  const last = commits.at(-1)?.timeMs ?? 0;
  for (let at = Math.max(0, Math.ceil((last - KEPT_MS) / 1_000) * 1_000); at <= last; at += 1_000) {
    if (at < fromMs || commits.some(({ timeMs }) => timeMs === at)) continue;
    const state = states[commits.findLastIndex(({ timeMs }) => timeMs < at)];
    for (const pool of ['web', 'api']) {
      assert.deepEqual(history.at(pool, at), { active: activeIn(state?.pools.get(pool)), asOfThen: true });
    }
  }
}

describe('the history of active backends', () => {
  it('tells what a pool had at a time', () => {
    const history = whole(WEB);
    assert.deepEqual(
      [999, 1_000, 2_999, 3_000, 4_199, 4_200, 99_000].map((at) => history.at('web', at).active),
      [0, 2, 2, 3, 3, 1, 1],
    );
    assert.deepEqual(history.at('else', 2_000), { active: 0, asOfThen: true });
  });

  it('says where it knows no more than the oldest number', () => {
    const [first] = WEB.states as [State];
    const history = new ActiveBackendHistory(KEPT_MS, first, 1_000);
    history.follow(first, WEB.commits.slice(1), WEB.end);
    assert.deepEqual(history.at('web', 999), { active: 2, asOfThen: false });
    assert.deepEqual(history.at('web', 1_000), { active: 2, asOfThen: true });
    assert.deepEqual(history.at('web', 4_200), { active: 1, asOfThen: true });
  });

  it('keeps the order of the log when a clock runs behind', () => {
    const history = whole(
      logOf([
        { timeMs: 5_000, changes: [put('web'), backend('web', 1)] },
        { timeMs: 9_000, changes: [backend('web', 2)] },
        { timeMs: 8_000, changes: [backend('web', 3)] },
      ]),
    );
    assert.deepEqual([history.at('web', 8_500).active, history.at('web', 9_000).active], [1, 3]);
  });

  it('agrees with the log for every whole second that is kept, in pieces, and put behind an older one', () => {
    const pieces = fc.array(fc.integer({ min: 1, max: 7 }));
    fc.assert(
      fc.property(log, pieces, fc.double({ min: 0, max: 1, noNaN: true }), (made, sizes, share) => {
        const cut = Math.floor(share * made.commits.length);
        const follow = (history: ActiveBackendHistory, start: State, from: number, to: number) => {
          let before = start;
          for (let at = from, piece = 0; at < to; piece += 1) {
            const commits = made.commits.slice(at, Math.min(to, at + (sizes[piece % sizes.length] ?? 1)));
            const end = applyCommits(before, commits);
            history.follow(before, commits, end);
            before = end;
            at += commits.length;
          }
          return before;
        };
        const older = new ActiveBackendHistory(KEPT_MS, emptyState('store'), FROM_THE_START);
        const middle = follow(older, emptyState('store'), 0, cut);
        const sinceMs = made.commits[cut - 1]?.timeMs ?? FROM_THE_START;
        const younger = new ActiveBackendHistory(KEPT_MS, middle, sinceMs);
        follow(younger, middle, cut, made.commits.length);
        check(older.continuedBy(younger), made, 0);
      }),
    );
  });
});
