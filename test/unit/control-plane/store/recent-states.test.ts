import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RecentStates } from '../../../../control-plane/store/recent-states.ts';
import { applyCommit, emptyState } from '../../../../core/model/fold.ts';
import type { State } from '../../../../core/model/state.ts';
import { commitOn } from '../../../harness/state.ts';

const named = (name: string): State => emptyState(name);
const nameAt = (recent: RecentStates, timeMs: number) => recent.at(timeMs)?.head.storeId;

describe('recent states', () => {
  it('tell what was there at a time, to a second', () => {
    const recent = new RecentStates(10_000);
    assert.equal(recent.at(0), null);
    recent.record(Number.NEGATIVE_INFINITY, named('nothing'));
    recent.record(5_000, named('first'));
    recent.record(7_000, named('second'));
    assert.deepEqual(
      [4_999, 5_000, 6_999, 7_000, 99_999].map((at) => nameAt(recent, at)),
      ['nothing', 'first', 'first', 'second', 'second'],
    );
  });

  it('give the oldest they know for a time before it', () => {
    const recent = new RecentStates(10_000);
    recent.record(5_000, named('checkpoint'));
    assert.equal(nameAt(recent, 0), 'checkpoint');
  });

  it('keep the order of the log when a clock runs behind', () => {
    const recent = new RecentStates(10_000);
    recent.record(5_000, named('first'));
    recent.record(9_000, named('second'));
    recent.record(8_000, named('third'));
    assert.equal(nameAt(recent, 9_000), 'third');
    assert.equal(nameAt(recent, 8_500), 'first');
  });

  it('agree with a full list for every whole second of the time that is kept', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 200 }), (steps) => {
        const recent = new RecentStates(5_000);
        const all: { timeMs: number; name: string }[] = [];
        let timeMs = 0;
        for (const [index, step] of steps.entries()) {
          timeMs += step;
          all.push({ timeMs, name: String(index) });
          recent.record(timeMs, named(String(index)));
          for (let second = Math.ceil((timeMs - 5_000) / 1_000); second * 1_000 <= timeMs; second += 1) {
            const at = second * 1_000;
            // Within one second the last state stands for all: at its start the one before it still does.
            const expected = all.findLast(
              (each) => Math.floor(each.timeMs / 1_000) < second || each.timeMs === at,
            );
            if (expected === undefined || all.some((each) => each.timeMs === at)) continue;
            assert.equal(nameAt(recent, at), expected.name);
          }
        }
      }),
    );
  });

  it('follow a log in pieces as commit by commit, from before the time that is kept on', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4_000 }), { minLength: 1, maxLength: 60 }), (steps) => {
        const [pieces, singly] = [new RecentStates(5_000), new RecentStates(5_000)];
        let state = emptyState('store');
        let timeMs = 0;
        const commits = steps.map((step, index) => {
          timeMs += step;
          const put = { kind: 'pool', value: { name: `p${index}`, policy: 'default' } } as const;
          const commit = { ...commitOn(state, [{ op: 'put', resource: put }]), timeMs };
          state = applyCommit(state, commit);
          return commit;
        });
        pieces.follow(emptyState('store'), commits);
        let folded = emptyState('store');
        singly.record(Number.NEGATIVE_INFINITY, folded);
        for (const commit of commits) singly.record(commit.timeMs, (folded = applyCommit(folded, commit)));
        for (let at = timeMs - 4_000; at <= timeMs; at += 250) {
          assert.equal(pieces.at(at)?.head.revision, singly.at(at)?.head.revision);
        }
      }),
    );
  });
});
