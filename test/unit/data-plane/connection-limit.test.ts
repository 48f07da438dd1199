import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { connectionLimit } from '../../../data-plane/connection-limit.ts';

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
