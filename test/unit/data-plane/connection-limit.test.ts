import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionLimit, otherDescriptors } from '../../../data-plane/connection-limit.ts';

describe('the connection limit', () => {
  const cases = [
    ['takes two descriptors a connection and keeps some for everything else', 1_024, 12, 250],
    ['grows with the limit of descriptors', 1_048_576, 256, 523_904],
    ['is at least one', 256, 100, 1],
    ['fits into its cell when there is no limit', 2 ** 63, 256, 0x7fff_ffff],
  ] as const;
  for (const [what, descriptors, checks, expected] of cases) {
    it(what, () => assert.equal(connectionLimit(descriptors, checks), expected));
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
