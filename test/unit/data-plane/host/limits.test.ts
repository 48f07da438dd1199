/** How much a proxy may use of its host: connections, memory, descriptors and processors. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  connectionLimit,
  descriptorBound,
  listenerShare,
  descriptorLimitOf,
  otherDescriptors,
} from '../../../../data-plane/host/connection-limit.ts';
import {
  cgroupMemory,
  memoryBound,
  ownMemory,
  parkingBytes,
} from '../../../../data-plane/host/memory-bound.ts';
import { cgroupQuota, workerCount } from '../../../../data-plane/host/worker-count.ts';
import { residentBytes } from '../../../../data-plane/host/resident-memory.ts';

const NONE = Number.POSITIVE_INFINITY;

describe('the connection limit', () => {
  const cases = [
    ['is that of descriptors', { descriptors: 10, memory: 20, flag: NONE }, 10, 'descriptors'],
    ['is that of memory', { descriptors: 10, memory: 9, flag: 10 }, 9, 'memory'],
    ['is that of the flag', { descriptors: 10, memory: NONE, flag: 3 }, 3, 'flag'],
    ['is not raised by the flag', { descriptors: 10, memory: 20, flag: 1_000 }, 10, 'descriptors'],
    ['is at least one', { descriptors: 10, memory: -7, flag: 3 }, 1, 'memory'],
    ['fits into its cell', { descriptors: NONE, memory: NONE, flag: NONE }, 0x7fff_ffff, 'descriptors'],
  ] as const;
  for (const [what, bounds, connections, bound] of cases) {
    it(what, () => assert.deepEqual(connectionLimit(bounds), { connections, bound }));
  }

  it('is never above any bound, and at least 1', () => {
    const any = fc.oneof(fc.integer(), fc.constant(NONE));
    fc.assert(
      fc.property(fc.record({ descriptors: any, memory: any, flag: any }), (bounds) => {
        const { bound, connections } = connectionLimit(bounds);
        assert.ok(connections >= 1);
        for (const each of Object.values(bounds)) assert.ok(connections <= Math.max(1, each));
        assert.equal(bounds[bound], Math.min(...Object.values(bounds)));
      }),
    );
  });
});

describe('the connections that descriptors allow', () => {
  const cases = [
    ['take two descriptors a connection and leave some to everything else', 1_024, 12, 250],
    ['grow with the limit of descriptors', 1_048_576, 256, 523_904],
    ['have no bound without a limit', NONE, 256, NONE],
  ] as const;
  for (const [what, descriptors, checks, expected] of cases) {
    it(what, () => assert.equal(descriptorBound(descriptors, checks), expected));
  }
});

describe('what takes descriptors beside connections', () => {
  const proxy = { engine: 'epoll', workers: 4, ports: 3, pipes: 0, healthChecks: 256 } as const;
  const cases = [
    ['a worker has a socket for each port, and its own', proxy, 256 + 4 * (8 + 3)],
    ['an engine on Node has a duplicate of each socket', { ...proxy, engine: 'portable' }, 256 + 4 * (8 + 6)],
    ['a pipe has two ends', { ...proxy, pipes: 64 }, 256 + 4 * (8 + 3 + 128)],
  ] as const;
  for (const [what, users, expected] of cases) {
    it(what, () => assert.equal(otherDescriptors(users), expected));
  }
});

describe('the descriptor limit without the C library', () => {
  const cases = [
    [
      'is the soft one of /proc',
      'Max open files            20000                30000                files\n',
      20_000,
    ],
    ['may be none', 'Max open files            unlimited            unlimited            files\n', NONE],
    ['is what every system allows where nothing says it', null, 1_024],
  ] as const;
  for (const [what, limits, expected] of cases) {
    it(what, () =>
      assert.equal(
        descriptorLimitOf((path) => (path === '/proc/self/limits' ? limits : null)),
        expected,
      ),
    );
  }
});

describe('what each listener may always have of the limit', () => {
  for (const [what, connections, listeners, expected] of [
    ['is nothing apart for one alone', 1_000, 1, 0],
    ['is nothing where there are none', 1_000, 0, 0],
    ['is its part of a fifth', 1_000, 4, 50],
    ['is at least one', 12, 3, 1],
    ['is not more than half of the limit, together', 5, 3, 0],
  ] as const) {
    it(what, () => assert.equal(listenerShare(connections, listeners), expected));
  }
});

const MIB = 1_048_576;
const PLAIN = { listeners: false, pools: false };
/** What one connection takes at least: the kernel charges it for two idle sockets. */
const IDLE_BYTES = 5_600;
const reader = (files: Readonly<Record<string, string>>) => (path: string) => files[path] ?? null;

describe('the connections that memory allows', () => {
  const cases = [
    ['have no bound without a limit', Number.POSITIVE_INFINITY, 50, 'epoll', 2, Number.POSITIVE_INFINITY],
    [
      'take 16 KiB each, beside the process, room for its heaps and for slow readers',
      2_048,
      240,
      'epoll',
      8,
      (2_048 - 240 - 16 - 64 - 128) * 64,
    ],
    ['are none where the process alone fills it', 72, 100, 'epoll', 2, (72 - 100 - 16 - 16 - 4.5) * 64],
    ['are fewer with the engine on Node', 512, 80, 'portable', 2, (512 - 80 - 16 - 64 - 32) * 64],
  ] as const;
  for (const [what, limit, own, engine, workers, expected] of cases) {
    it(what, () =>
      assert.equal(memoryBound(limit * MIB, own * MIB, { engine, workers, tls: PLAIN }), expected),
    );
  }

  for (const [tls, parts] of [
    [{ listeners: true, pools: false }, 2],
    [{ listeners: false, pools: true }, 3],
    [{ listeners: true, pools: true }, 4],
  ] as const) {
    it(`are one in ${parts} with TLS ${JSON.stringify(tls)}, which takes memory beside the sockets`, () => {
      const of = (user: typeof PLAIN) =>
        memoryBound(2_048 * MIB, 0, { engine: 'epoll', workers: 8, tls: user });
      assert.equal(of(tls), Math.floor(of(PLAIN) / parts));
    });
  }

  it('fit into it together with the process, idle ones with room for bytes on their way', () => {
    const sizes = fc.record({
      limit: fc.nat(2 ** 40),
      own: fc.nat(2 ** 34),
      workers: fc.integer({ min: 1, max: 256 }),
    });
    fc.assert(
      fc.property(sizes, ({ limit, own, workers }) => {
        const connections = memoryBound(limit, own, { engine: 'epoll', workers, tls: PLAIN });
        assert.ok(Number.isInteger(connections));
        if (connections >= 1) assert.ok(own + 2 * IDLE_BYTES * connections < limit);
      }),
    );
  });
});

describe('what a worker keeps for slow readers', () => {
  for (const [what, limitMib, workers, expectedMib] of [
    ['is 64 MiB where no group limits memory', null, 8, 64],
    ['is 64 MiB where a sixteenth of the memory is more', 4_096, 2, 64],
    ['is its share of a sixteenth of the memory', 256, 4, 4],
  ] as const) {
    const limit = limitMib === null ? null : limitMib * MIB;
    it(what, () => assert.equal(parkingBytes(limit, workers), expectedMib * MIB));
  }
});

describe('what the process takes of it', () => {
  it('leaves out what the kernel can read from files again', () => {
    const status =
      'VmRSS:\t  99248 kB\nRssAnon:\t   51780 kB\nRssFile:\t   47468 kB\nRssShmem:\t      20 kB\n';
    assert.equal(ownMemory(reader({ '/proc/self/status': status }), 1), 51_800 * 1_024);
  });

  it('is all that is resident where that is not told apart', () => {
    assert.equal(ownMemory(reader({ '/proc/self/status': 'VmRSS:\t99248 kB\n' }), 7), 7);
    assert.equal(ownMemory(reader({}), 7), 7);
  });
});

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

it('reports the resident memory that was read last while every descriptor is in use', () => {
  const outOfDescriptors = () => {
    throw new Error('EMFILE: too many open files, uv_resident_set_memory');
  };
  assert.equal(
    residentBytes(() => 5_000),
    5_000,
  );
  assert.equal(residentBytes(outOfDescriptors), 5_000);
  assert.ok(residentBytes() > 1_000_000);
});
