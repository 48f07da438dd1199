import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { cgroupMemory } from '../../../../data-plane/host/memory-bound.ts';
import { cgroupQuota } from '../../../../data-plane/host/worker-count.ts';

const V2_ROOT = { '/proc/self/cgroup': '0::/\n' };

describe('the limits of control groups', () => {
  for (const [what, files, memory, cpus] of [
    ['are none without control groups', {}, null, null],
    [
      'are none when version 2 says max',
      { ...V2_ROOT, '/sys/fs/cgroup/memory.max': 'max\n', '/sys/fs/cgroup/cpu.max': 'max 100000\n' },
      null,
      null,
    ],
    [
      'are the lowest of all enclosing groups',
      {
        '/proc/self/cgroup': '0::/a/b\n',
        '/sys/fs/cgroup/a/b/memory.max': '4000\n',
        '/sys/fs/cgroup/a/memory.max': '2000\n',
        '/sys/fs/cgroup/memory.max': 'max\n',
        '/sys/fs/cgroup/a/b/cpu.max': '400000 100000\n',
        '/sys/fs/cgroup/a/cpu.max': '150000 100000\n',
      },
      2_000,
      1.5,
    ],
    [
      'are read in version 1, where -1 and a number that no machine has mean none',
      {
        '/proc/self/cgroup': '5:memory:/a/b\n4:cpu,cpuacct:/c\n0::/\n',
        '/sys/fs/cgroup/memory/a/b/memory.limit_in_bytes': '9223372036854771712\n',
        '/sys/fs/cgroup/memory/a/memory.limit_in_bytes': '75497472\n',
        '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
        '/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us': '300000\n',
        '/sys/fs/cgroup/cpu/c/cpu.cfs_period_us': '100000\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
        '/sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
      },
      75_497_472,
      3,
    ],
    [
      'are none when the files hold something else',
      { ...V2_ROOT, '/sys/fs/cgroup/memory.max': '?', '/sys/fs/cgroup/cpu.max': '?' },
      null,
      null,
    ],
    [
      'are none when the files are empty',
      { ...V2_ROOT, '/sys/fs/cgroup/memory.max': '', '/sys/fs/cgroup/cpu.max': '' },
      null,
      null,
    ],
  ] as const) {
    it(what, () => {
      const read = (path: string) => (files as Readonly<Record<string, string>>)[path] ?? null;
      assert.deepEqual([cgroupMemory(read), cgroupQuota(read)], [memory, cpus]);
    });
  }
});
