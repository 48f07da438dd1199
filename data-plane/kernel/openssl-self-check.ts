/**
 * Makes one handshake between two connections in memory and exchanges bytes, so that a call or a constant that is wrong
 * for this OpenSSL is found before there is traffic. Both sides are anonymous: no key is needed.
 */
import type { Ffi } from './ffi.ts';
import type { OpenSslFunctions } from './openssl-functions.ts';

const ANONYMOUS = 'AECDH-AES128-SHA:@SECLEVEL=0';
const SET_MAX_VERSION = 124;
const TLS_1_2 = 0x0303;
const ROUNDS = 4;
const BUFFER_BYTES = 32_768;
const ERROR_WANT_READ = 2;
const ERROR_CLOSED = 6;

/** Null, or what went wrong. */
export function openSslFailure(native: OpenSslFunctions, ffi: Ffi): string | null {
  const version = native.OpenSSL_version_num();
  if (version >>> 28 !== 3) return `version 3 is needed, not ${version.toString(16)}`;
  native.ERR_clear_error();
  const context = native.SSL_CTX_new(native.TLS_method());
  native.SSL_CTX_ctrl(context, SET_MAX_VERSION, TLS_1_2, 0);
  if (native.SSL_CTX_set_cipher_list(context, ANONYMOUS) !== 1) return 'no anonymous cipher for the check';
  const bios = new BigUint64Array(2);
  const at = ffi.address(bios);
  native.BIO_new_bio_pair(at, BUFFER_BYTES, at + 8, BUFFER_BYTES);
  const [server, client] = [native.SSL_new(context), native.SSL_new(context)];
  for (const [ssl, bio] of [
    [server, bios[0]],
    [client, bios[1]],
  ] as const) // one reference for both directions
    native.SSL_set_bio(ssl, Number(bio), Number(bio));
  native.SSL_set_accept_state(server);
  native.SSL_set_connect_state(client);
  const failure = exchange(native, ffi, server, client);
  native.SSL_free(client);
  native.SSL_free(server);
  native.SSL_CTX_free(context);
  native.ERR_clear_error();
  return failure;
}

function exchange(native: OpenSslFunctions, ffi: Ffi, server: number, client: number): string | null {
  let done = 0;
  for (let round = 0; round < ROUNDS && done < 2; round++)
    done = [client, server].filter((ssl) => native.SSL_do_handshake(ssl) === 1).length;
  if (done < 2) return 'a handshake does not end';
  const sent = Uint8Array.of(1, 2, 3, 4, 5);
  const received = new Uint8Array(sent.length);
  const to = ffi.address(received);
  if (native.SSL_read(server, to, 5) !== -1 || native.SSL_get_error(server, -1) !== ERROR_WANT_READ)
    return 'a read without bytes gave a wrong result';
  if (native.SSL_write(client, ffi.address(sent), 5) !== 5) return 'a write gave a wrong result';
  if (
    native.SSL_peek(server, to, 5) !== 5 ||
    native.SSL_read(server, to, 5) !== 5 ||
    received.join() !== sent.join()
  )
    return 'other bytes were read than written';
  if (native.SSL_shutdown(client) !== 0) return 'close_notify could not be sent';
  if (native.SSL_read(server, to, 5) > 0 || native.SSL_get_error(server, 0) !== ERROR_CLOSED)
    return 'close_notify was not seen';
  return null;
}
