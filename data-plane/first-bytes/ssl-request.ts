/**
 * What a PostgreSQL client says before TLS: eight bytes, a length of 8 and a code. The server answers with one byte.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html, SSLRequest and GSSENCRequest
 */
export type PostgresRequest = 'incomplete' | 'none' | 'ssl' | 'gssapi';

export const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);
const GSSAPI_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 48);

/** To go on with TLS. */
export const WILLING = 'S'.charCodeAt(0);
export const UNWILLING = 'N'.charCodeAt(0);

/** Whether `bytes` begin with a request. */
export function readPostgresRequest(bytes: Uint8Array): PostgresRequest {
  const last = SSL_REQUEST.length - 1;
  for (let at = 0; at < last; at += 1) {
    if (at === bytes.length) return 'incomplete';
    if (bytes[at] !== SSL_REQUEST[at]) return 'none';
  }
  if (bytes.length === last) return 'incomplete';
  if (bytes[last] === SSL_REQUEST[last]) return 'ssl';
  return bytes[last] === GSSAPI_REQUEST[last] ? 'gssapi' : 'none';
}
