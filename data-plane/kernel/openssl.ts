/**
 * OpenSSL, as Node is linked with it: the calls on connections. openssl-contexts.ts makes what they need.
 *
 * Invariants
 *  - nothing is looked up or called before somebody asks for TLS;
 *  - nothing throws after construction: a call returns its result, or an errno negated, as the calls on sockets do;
 *  - the queue of errors, which each thread has one of, is empty before each call whose error will be read;
 *  - one thread alone uses a connection and its context;
 *  - OpenSSL writes with write(2), so SIGPIPE must be ignored, which Node does for the whole process.
 */
import { constants } from 'node:os';
import { messageOf } from '../../core/runtime/errors.ts';
import { errnoName } from './errno.ts';
import { type Ffi, loadFfi } from './ffi.ts';
import { EAGAIN } from './linux.ts';
import { declareOpenSsl, type OpenSslFunctions } from './openssl-functions.ts';
import { openSslFailure } from './openssl-self-check.ts';

const { ECONNRESET, EPROTO } = constants.errno;

const ERROR = { wantRead: 2, wantWrite: 3, system: 5, closed: 6 } as const;
const SET_HOST_NAME = 55;

export type Role = 'server' | 'client';

export class OpenSsl {
  readonly native: OpenSslFunctions;
  readonly ffi: Ffi;
  #open = 0;

  /** Throws when a function is missing. */
  constructor(ffi: Ffi) {
    this.ffi = ffi;
    this.native = declareOpenSsl(ffi);
  }

  /** Connections that are not freed. */
  get open(): number {
    return this.#open;
  }

  /** A connection on a socket, to be freed; 0: there is no memory. */
  begin(context: number, fd: number, role: Role): number {
    const ssl = this.native.SSL_new(context);
    if (ssl === 0) return 0;
    this.#open += 1;
    if (this.native.SSL_set_fd(ssl, fd) !== 1) {
      this.free(ssl);
      return 0;
    }
    if (role === 'server') this.native.SSL_set_accept_state(ssl);
    else this.native.SSL_set_connect_state(ssl);
    return ssl;
  }

  free(ssl: number): void {
    this.#open -= 1;
    this.native.SSL_free(ssl);
  }

  /** Whom the server should be, when that is said for one connection: an IP address that its certificate must name. */
  expectIp(ssl: number, ip: Uint8Array): void {
    this.native.X509_VERIFY_PARAM_set1_ip(this.native.SSL_get0_param(ssl), this.ffi.address(ip), ip.length);
  }

  /** Announces the server's name. `at`: its text, ended by a zero. */
  announce(ssl: number, at: number): void {
    this.native.SSL_ctrl(ssl, SET_HOST_NAME, 0, at);
  }

  /** 0 when it is done, -EAGAIN when an event will continue it, or another errno: then `why` says more. */
  handshake(ssl: number): number {
    this.native.ERR_clear_error();
    const result = this.native.SSL_do_handshake(ssl);
    if (result !== 1) return this.#failure(ssl, result, false);
    this.native.ERR_clear_error();
    return 0;
  }

  /** Why a handshake failed, in words. Call it at once after the call that failed. */
  why(ssl: number, errno: number): string {
    const { native } = this;
    const refusal = native.SSL_get_verify_result(ssl);
    if (refusal !== 0) return `the certificate is refused: ${native.X509_verify_cert_error_string(refusal)}`;
    return native.ERR_reason_error_string(native.ERR_peek_last_error()) ?? errnoName(errno);
  }

  /** Whether the handshake resumed a session. */
  isResumed(ssl: number): boolean {
    return this.native.SSL_session_reused(ssl) === 1;
  }

  /** Reads once, from one record at most. 0: its peer has ended in order. */
  read(ssl: number, at: number, size: number): number {
    const got = this.native.SSL_read(ssl, at, size);
    return got > 0 ? got : this.#cleared(this.#failure(ssl, got, true));
  }

  /** As `read`, but the bytes stay. */
  peek(ssl: number, at: number, size: number): number {
    const got = this.native.SSL_peek(ssl, at, size);
    return got > 0 ? got : this.#cleared(this.#failure(ssl, got, true));
  }

  /** Writes one record at most. After -EAGAIN the same bytes must come again, and may be followed by more. */
  write(ssl: number, at: number, size: number): number {
    const taken = this.native.SSL_write(ssl, at, size);
    return taken > 0 ? taken : this.#cleared(this.#failure(ssl, taken, false));
  }

  /** Sends close_notify. 0 when it is sent. Reading may go on. */
  end(ssl: number): number {
    const result = this.native.SSL_shutdown(ssl);
    return result >= 0 ? 0 : this.#cleared(this.#failure(ssl, result, false));
  }

  #cleared(result: number): number {
    if (result !== -EAGAIN) this.native.ERR_clear_error();
    return result;
  }

  /** An end of the TCP connection without close_notify is a reset: somebody may have cut the stream short. */
  #failure(ssl: number, result: number, isRead: boolean): number {
    const errno = this.ffi.errno();
    const error = this.native.SSL_get_error(ssl, result);
    if (error === ERROR.wantRead || error === ERROR.wantWrite) return -EAGAIN;
    if (error === ERROR.closed) return isRead ? 0 : -ECONNRESET;
    // After a failure of TLS itself, a call fails again without an error of its own, and errno may be of any other call.
    if (error === ERROR.system && errno !== 0 && errno !== EAGAIN) return -errno;
    return error === ERROR.system ? -ECONNRESET : -EPROTO;
  }
}

export type LoadedOpenSsl =
  | { readonly openSsl: OpenSsl; readonly reason: null }
  | { readonly openSsl: null; readonly reason: string };

let loaded: LoadedOpenSsl | null = null;

/** OpenSSL, or why it can't be used here. Loaded and checked once in each thread that asks. */
export function loadOpenSsl(): LoadedOpenSsl {
  loaded ??= load();
  return loaded;
}

function load(): LoadedOpenSsl {
  const { ffi, reason } = loadFfi();
  if (!ffi) return { openSsl: null, reason };
  try {
    const openSsl = new OpenSsl(ffi);
    const failure = openSslFailure(openSsl.native, ffi);
    if (failure === null) return { openSsl, reason: null };
    return { openSsl: null, reason: `the self-check of OpenSSL failed: ${failure}` };
  } catch (error) {
    return { openSsl: null, reason: `a function of OpenSSL is missing: ${messageOf(error)}` };
  }
}
