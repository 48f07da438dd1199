import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { workerCount } from '../../../../data-plane/host/worker-count.ts';

describe('the number of workers', () => {
  const cases = [
    ['is that of the CPUs without a quota', 8, null, 8],
    ['is that of the quota when it is lower', 8, 2, 2],
    ['counts a part of a CPU as one', 8, 1.5, 2],
    ['is at least one', 8, 0.1, 1],
    ['is not above that of the CPUs', 2, 16, 2],
  ] as const;
  for (const [what, cpus, quota, expected] of cases) {
    it(what, () => assert.equal(workerCount(cpus, quota), expected));
  }
});
