import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { firstAnswer } from '../../../../../control-plane/store/etcd/first-answer.ts';
import { FakeClock } from '../../../../../harness/fake-clock.ts';

/** Three that can be asked; each says nothing until it is told to. */
function make() {
  const clock = new FakeClock();
  const asked: number[] = [];
  const answer: ((text: string) => void)[] = [];
  const fail: ((error: Error) => void)[] = [];
  const asks = [0, 1, 2].map((index) => () => {
    asked.push(index);
    return new Promise<string>((resolve, reject) => {
      answer[index] = resolve;
      fail[index] = reject;
    });
  });
  const result = firstAnswer(asks, clock, 250);
  return { clock, asked, answer, fail, result };
}

describe('the first answer', () => {
  it('is that of the first one, and nobody else is asked', async () => {
    const { clock, asked, answer, result } = make();
    await clock.advanceSettling(249);
    answer[0]?.('here');
    assert.deepEqual(await result, { answer: 'here', index: 0 });
    await clock.advanceSettling(10_000);
    assert.deepEqual(asked, [0]);
  });

  it('comes from the next one when one says nothing for a while, and what comes later is dropped', async () => {
    const { clock, asked, answer, fail, result } = make();
    await clock.advanceSettling(250);
    assert.deepEqual(asked, [0, 1]);
    answer[1]?.('there');
    assert.deepEqual(await result, { answer: 'there', index: 1 });
    fail[0]?.(new Error('late'));
    await clock.advanceSettling(10_000);
    assert.deepEqual(asked, [0, 1]);
  });

  it('is asked of the next one at once when one fails, and there is none when all have failed', async () => {
    const { clock, asked, fail, result } = make();
    const failure = assert.rejects(result, /three/);
    fail[0]?.(new Error('one'));
    await clock.advanceSettling(0);
    assert.deepEqual(asked, [0, 1]);
    await clock.advanceSettling(250);
    assert.deepEqual(asked, [0, 1, 2]);
    fail[2]?.(new Error('two'));
    await clock.advanceSettling(0);
    fail[1]?.(new Error('three'));
    await failure;
    assert.deepEqual(asked, [0, 1, 2]);
  });
});
