import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cgroupQuota, workerCount } from '../../../../data-plane/host/worker-count.ts';

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

describe('the quota of the control group', () => {
  const read = (files: Record<string, string>) => (path: string) => files[path] ?? null;
  const cases: readonly [string, Record<string, string>, number | null][] = [
    ['is none without control groups', {}, null],
    [
      'is none when it says max',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' },
      null,
    ],
    [
      'is read in version 2',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '150000 100000\n' },
      1.5,
    ],
    [
      'is the strictest of all groups around this one',
      {
        '/proc/self/cgroup': '0::/a/b\n',
        '/sys/fs/cgroup/a/b/cpu.max': '400000 100000\n',
        '/sys/fs/cgroup/a/cpu.max': '200000 100000\n',
        '/sys/fs/cgroup/cpu.max': 'max 100000\n',
      },
      2,
    ],
    [
      'is read in version 1',
      {
        '/proc/self/cgroup': '5:memory:/m\n4:cpu,cpuacct:/c\n',
        '/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us': '300000\n',
        '/sys/fs/cgroup/cpu/c/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      3,
    ],
    [
      'is none when the files hold something else',
      { '/proc/self/cgroup': '0::/\n', '/sys/fs/cgroup/cpu.max': '?' },
      null,
    ],
  ];
  for (const [what, files, expected] of cases) {
    it(what, () => assert.equal(cgroupQuota(read(files)), expected));
  }
});
