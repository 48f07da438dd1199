import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { inParallel } from '../../../../../control-plane/store/etcd/parallel.ts';

const items = Array.from({ length: 100 }, (_, index) => index);
const inTime = () => false;

describe('work in lanes', () => {
  it('is done for every item, so many at a time, and the results come in order', async () => {
    let running = 0;
    let most = 0;
    const work = async (item: number) => {
      most = Math.max(most, (running += 1));
      // The later ones are the faster ones.
      for (let turns = item; turns < 100; turns += 25) await turn();
      running -= 1;
      return item * 2;
    };
    assert.deepEqual(
      await inParallel(items, 7, work, inTime),
      items.map((item) => item * 2),
    );
    assert.equal(most, 7);
    assert.deepEqual(await inParallel([], 7, work, inTime), []);
  });

  it('goes on after a failure, and then throws it', async () => {
    const done: number[] = [];
    const work = async (item: number) => {
      await turn();
      if (item === 3) throw new Error('no');
      done.push(item);
    };
    await assert.rejects(inParallel(items, 7, work, inTime), /^Error: no$/);
    assert.equal(done.length, 99);
  });

  it('begins nothing more after a failure once it is late', async () => {
    let begun = 0;
    const work = () => {
      begun += 1;
      return Promise.reject(new Error('no answer'));
    };
    await assert.rejects(
      inParallel(items, 7, work, () => true),
      /no answer/,
    );
    assert.equal(begun, 7);
  });
});
