import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SharedRun } from '../../../../control-plane/store/shared-run.ts';

describe('SharedRun', () => {
  const make = () => {
    const runs: { resolve: (value: number) => void; reject: (error: Error) => void }[] = [];
    const shared = new SharedRun<number>(
      () => new Promise((resolve, reject) => runs.push({ resolve, reject })),
    );
    return { runs, shared };
  };
  const turn = () => new Promise((resolve) => setImmediate(resolve));

  it('gives callers during a run the next one, all the same one', async () => {
    const { runs, shared } = make();
    const first = shared.start();
    const [second, third] = [shared.start(), shared.start()];
    assert.equal(runs.length, 1);
    runs[0]?.resolve(1);
    assert.equal(await first, 1);
    await turn();
    assert.equal(runs.length, 2);
    const fourth = shared.start();
    runs[1]?.resolve(2);
    assert.deepEqual(await Promise.all([second, third]), [2, 2]);
    await turn();
    runs[2]?.resolve(3);
    assert.equal(await fourth, 3);
    assert.equal(runs.length, 3);
  });

  it('runs again after a failure, and gives it to those who waited for that run only', async () => {
    const { runs, shared } = make();
    const first = shared.start();
    const second = shared.start();
    runs[0]?.reject(new Error('no'));
    await assert.rejects(first, /no/);
    await turn();
    runs[1]?.resolve(2);
    assert.equal(await second, 2);
  });
});
