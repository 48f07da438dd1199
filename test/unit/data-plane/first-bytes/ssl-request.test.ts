/** What PostgreSQL clients say before TLS, and what only begins like it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readPostgresRequest, SSL_REQUEST } from '../../../../data-plane/first-bytes/ssl-request.ts';

const KINDS: Readonly<Record<string, readonly [string, string]>> = {
  SSLRequest: ['0000000804d2162f', 'ssl'],
  'SSLRequest with a hello behind it': ['0000000804d2162f160301', 'ssl'],
  GSSENCRequest: ['0000000804d21630', 'gssapi'],
  CancelRequest: ['0000001004d2162e0000000100000002', 'none'],
  StartupMessage: ['0000002500030000', 'none'],
  'a request that there is not': ['0000000804d2162e', 'none'],
  'a hello of TLS': ['1603010200', 'none'],
};

describe('a request of PostgreSQL', () => {
  for (const [what, [hex, expected]] of Object.entries(KINDS))
    it(`is told from others, whole or cut: ${what}`, () => {
      const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
      assert.equal(readPostgresRequest(bytes), expected);
      for (let end = 0; end < bytes.length; end += 1) {
        const isBegun = end < 8 && bytes.subarray(0, end).every((byte, at) => byte === SSL_REQUEST[at]);
        assert.equal(
          readPostgresRequest(bytes.subarray(0, end)),
          isBegun ? 'incomplete' : expected,
          `${end}`,
        );
      }
    });
});
