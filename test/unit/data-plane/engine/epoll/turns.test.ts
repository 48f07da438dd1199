/** Who gets a turn of the loop, and how long it is. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReadyList } from '../../../../../data-plane/engine/epoll/ready-list.ts';
import { turnBytes } from '../../../../../data-plane/engine/epoll/sizes.ts';

describe('the ready list', () => {
  it('gives each slot one turn, in the order they came, and leaves what comes meanwhile to the next run', () => {
    const list = new ReadyList(6);
    const turns: number[][] = [];
    // What each turn of the first run adds: itself, one that is still to come, a new one twice.
    const adds = new Map([
      [3, [3, 1]],
      [5, [0, 0]],
    ]);
    for (const slot of [3, 5, 3, 1]) list.add(slot);
    while (list.count > 0) {
      const run: number[] = [];
      list.run((slot) => {
        run.push(slot);
        if (turns.length === 0) for (const added of adds.get(slot) ?? []) list.add(added);
      });
      turns.push(run);
    }
    assert.deepEqual(turns, [
      [3, 5, 1],
      [3, 0],
    ]);
  });
});

const KB = 1_024;

describe('the limit of a turn', () => {
  it('is long for one alone, and shared by few, but never below what is fair', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 5, 10_000].map((ready) => Math.floor(turnBytes(ready) / KB)),
      [1_024, 512, 341, 256, 256, 256],
    );
  });
});
