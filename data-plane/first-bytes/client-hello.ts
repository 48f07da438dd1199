/**
 * Reads the hello of a TLS client (RFC 8446, 4.1.2; RFC 6066, 3; RFC 7301), as far as a route needs it: the server name
 * and the protocols that it offers. The hello may lie in several records, cut anywhere.
 *
 * Invariants
 *  - a verdict other than `incomplete` stays the same however many bytes follow;
 *  - no byte beyond those that came, and none beyond a length that encloses it, is read.
 */
import { canonicalName } from '../../core/model/server-name.ts';

export type HelloVerdict = 'incomplete' | 'not_tls' | 'malformed' | 'hello';

/** What was read; reused, so that only names are allocated for a connection. */
export interface Hello {
  /** In lower case, without a dot at its end; null: it names none. */
  serverName: string | null;
  alpn: readonly string[];
}

/** A hello is never longer than this: the largest with post-quantum keys have about 2,000 bytes. */
export const LONGEST_HELLO = 16_384;

const HANDSHAKE_RECORD = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const LONGEST_RECORD = 16_384;
/** As long as names of TLS may be: longer ones would only cost the time to look for their routes. */
const LONGEST_NAME = 255;
/** More than any client offers. What comes behind them is not kept. */
const MOST_PROTOCOLS = 64;
const VERSION_AND_RANDOM = 34;
const EXTENSION = { serverName: 0, alpn: 16 } as const;
const HOST_NAME = 0;
const NONE: readonly string[] = [];
const text = new TextDecoder('latin1');

/** The message without the headers of its records. One is enough: nothing here waits. */
const message = new Uint8Array(LONGEST_HELLO);

/** Reads the hello that `bytes` begin with. */
export function readClientHello(bytes: Uint8Array, into: Hello): HelloVerdict {
  into.serverName = null;
  into.alpn = NONE;
  const gathered = gather(bytes);
  if (typeof gathered === 'string') return gathered;
  return readMessage(message.subarray(MESSAGE_HEADER, gathered), into) ? 'hello' : 'malformed';
}

// `!` in this file: lengths are checked before what they promise is read.

/** Copies the first message of the handshake into `message`. Returns its length, or why it isn't there. */
function gather(bytes: Uint8Array): number | HelloVerdict {
  let length = 0;
  for (let at = 0; at < bytes.length; ) {
    const record = recordLength(bytes, at);
    // From the second record on it is TLS, however wrong.
    if (typeof record === 'string') return at > 0 && record === 'not_tls' ? 'malformed' : record;
    const end = Math.min(record, message.length - length);
    const body = bytes.subarray(at + RECORD_HEADER, at + RECORD_HEADER + end);
    message.set(body, length);
    length += body.length;
    const whole = messageLength(length);
    if (whole === 'malformed' || length >= whole) return whole;
    at += RECORD_HEADER + record;
  }
  return 'incomplete';
}

/** The length of the record that begins at `at`, without its header. */
function recordLength(bytes: Uint8Array, at: number): number | HelloVerdict {
  if (bytes[at] !== HANDSHAKE_RECORD) return 'not_tls';
  if (at + 1 < bytes.length && bytes[at + 1] !== 3) return 'not_tls';
  if (at + RECORD_HEADER > bytes.length) return 'incomplete';
  const length = read16(bytes, at + 3);
  return length === 0 || length > LONGEST_RECORD ? 'malformed' : length;
}

/** The length of the message that `message` begins with, of which `length` bytes are there. */
function messageLength(length: number): number | 'malformed' {
  if (length > 0 && message[0] !== CLIENT_HELLO) return 'malformed';
  if (length < MESSAGE_HEADER) return MESSAGE_HEADER;
  const whole = MESSAGE_HEADER + (message[1]! << 16) + read16(message, 2);
  return whole > LONGEST_HELLO ? 'malformed' : whole;
}

/** The fields of a hello; false: a length lies. */
function readMessage(hello: Uint8Array, into: Hello): boolean {
  let at = extensionsOf(hello);
  // A hello without extensions names nobody.
  if (at === hello.length) return true;
  if (at + 2 > hello.length || at + 2 + read16(hello, at) !== hello.length) return false;
  at += 2;
  while (at < hello.length) {
    if (at + 4 > hello.length) return false;
    const end = at + 4 + read16(hello, at + 2);
    if (end > hello.length) return false;
    const body = hello.subarray(at + 4, end);
    const type = read16(hello, at);
    if (type === EXTENSION.serverName && !readServerName(body, into)) return false;
    if (type === EXTENSION.alpn && !readAlpn(body, into)) return false;
    at = end;
  }
  return true;
}

/** Where the extensions begin; beyond the end: a length lies. */
function extensionsOf(hello: Uint8Array): number {
  const beyond = hello.length + 1;
  let at = VERSION_AND_RANDOM;
  if (at >= hello.length) return beyond;
  at += 1 + hello[at]!; // The session id.
  if (at + 2 > hello.length) return beyond;
  at += 2 + read16(hello, at); // The ciphers.
  if (at >= hello.length) return beyond;
  return at + 1 + hello[at]!; // The compressions.
}

function readServerName(body: Uint8Array, into: Hello): boolean {
  if (body.length < 2 || 2 + read16(body, 0) !== body.length) return false;
  for (let at = 2; at < body.length; ) {
    if (at + 3 > body.length) return false;
    const end = at + 3 + read16(body, at + 1);
    const length = end - at - 3;
    if (end > body.length || length === 0 || length > LONGEST_NAME) return false;
    // RFC 6066 allows one name of each type.
    if (body[at] === HOST_NAME && into.serverName === null)
      into.serverName = canonicalName(text.decode(body.subarray(at + 3, end)));
    at = end;
  }
  return true;
}

function readAlpn(body: Uint8Array, into: Hello): boolean {
  if (body.length < 2 || 2 + read16(body, 0) !== body.length) return false;
  const names: string[] = [];
  for (let at = 2; at < body.length; ) {
    const end = at + 1 + body[at]!;
    if (end > body.length || end === at + 1) return false;
    if (names.length < MOST_PROTOCOLS) names.push(text.decode(body.subarray(at + 1, end)));
    at = end;
  }
  into.alpn = names;
  return true;
}

function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}
