import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  connectionLimit,
  descriptorBound,
  descriptorLimitOf,
  otherDescriptors,
} from '../../../../data-plane/host/connection-limit.ts';

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
  const proxy = { engine: 'epoll', workers: 4, listeners: 3, pipes: 0, healthChecks: 256 } as const;
  const cases = [
    ['a worker has a socket for each listener, and its own', proxy, 256 + 4 * (8 + 3)],
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
