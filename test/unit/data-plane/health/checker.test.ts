import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { errnoName } from '../../../../data-plane/kernel/errno.ts';
import { refused } from '../../../../data-plane/health/checker.ts';

const { EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC } = constants.errno;
const { EACCES, ECONNREFUSED, EHOSTDOWN, EPROTO } = { EHOSTDOWN: 112, ...constants.errno };

describe('a check whose connect fails', () => {
  for (const errno of [EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC]) {
    it(`says nothing of the backend when this host ran out of resources: ${errnoName(errno)}`, () => {
      const reason = `this host ran out of resources: ${errnoName(errno)}`;
      assert.deepEqual(refused(errno), { type: 'inconclusive', reason });
    });
  }

  for (const [errno, reason] of [
    [ECONNREFUSED, 'connection refused'],
    [EHOSTDOWN, 'host down'],
    [EACCES, 'not permitted by this host'],
    [EPROTO, 'EPROTO'],
  ] as const) {
    it(`fails, and says "${reason}"`, () => {
      assert.deepEqual(refused(errno), { type: 'failed', reason });
    });
  }
});
