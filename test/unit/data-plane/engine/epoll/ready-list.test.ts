import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReadyList } from '../../../../../data-plane/engine/epoll/ready-list.ts';

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
