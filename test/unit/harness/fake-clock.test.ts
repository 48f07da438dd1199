import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../../harness/fake-clock.ts';

describe('FakeClock', () => {
  it('runs due timers by time, then by creation, each at its own time', () => {
    const clock = new FakeClock(1_000);
    const seen: string[] = [];
    const note = (name: string) => () => void seen.push(`${name}@${clock.nowMs()}`);
    clock.after(20, note('late'));
    clock.after(10, note('first'));
    clock.after(10, note('second'));
    clock.after(30, note('never'));
    clock.advance(25);
    assert.deepEqual(seen, ['first@10', 'second@10', 'late@20']);
    assert.equal(clock.nowMs(), 25);
    assert.equal(clock.wallMs(), 1_025);
    assert.equal(clock.pending, 1);
  });

  it('runs timers that timers make, when they fall due within the span', () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    const again = () => {
      seen.push(clock.nowMs());
      clock.after(10, again);
    };
    clock.after(10, again);
    clock.advance(35);
    assert.deepEqual(seen, [10, 20, 30]);
  });

  it('does not run a cancelled timer', () => {
    const clock = new FakeClock();
    const timer = clock.after(1, () => assert.fail('ran'));
    timer.cancel();
    clock.advance(5);
    assert.equal(clock.pending, 0);
  });

  it('lets promises settle between timers when asked to', async () => {
    const clock = new FakeClock();
    const seen: string[] = [];
    clock.after(1, () => void Promise.resolve().then(() => clock.after(1, () => void seen.push('inner'))));
    await clock.advanceSettling(5);
    assert.deepEqual(seen, ['inner']);
  });

  it('runs nothing while stalled, and everything late afterwards', () => {
    const clock = new FakeClock();
    const seen: number[] = [];
    clock.after(10, () => void seen.push(clock.nowMs()));
    clock.stall(50);
    assert.deepEqual(seen, []);
    clock.advance(0);
    assert.deepEqual(seen, [50]);
  });
});
