/**
 * Sockets of a test without Node's streams: one system call a method, so that a test says exactly what is sent, what
 * is read and when, and learns exactly what the kernel answered.
 *
 * Invariants
 *  - nothing blocks and nothing throws but a test's own mistakes: a call returns what it got, or the errno negated;
 *  - for Linux on x64 and arm64, as the C library of the product is.
 */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { type Ffi, loadFfi } from '../../data-plane/kernel/ffi.ts';
import { libcOrFail } from './libc.ts';

const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SHUT_WR = 1;
const IPPROTO_TCP = 6;
/** struct tcp_info begins with the state, a byte. */
const TCP_INFO = 11;
const TCP_LAST_ACK = 9;
const TCP_CLOSING = 11;
const MSG_OOB = 0x1;
const MSG_NOSIGNAL = 0x4000;
const SOCKET_FLAGS = 0o4000 | 0o2000000;
const { EAGAIN, EINPROGRESS } = constants.errno;
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

type Call = (...args: readonly (number | Uint8Array | null)[]) => number;
type Calls = Readonly<
  Record<'accept4' | 'connect' | 'getsockopt' | 'recv' | 'send' | 'setsockopt' | 'shutdown', Call>
>;

let declared: Calls | null = null;

function calls(): Calls {
  declared ??= declareAll(ffiOrFail());
  return declared;
}

/** The way to the C library: these tests run where it loads. */
function ffiOrFail(): Ffi {
  const { ffi, reason } = loadFfi();
  assert.ok(ffi, `these tests need koffi: ${reason}`);
  return ffi;
}

function declareAll(ffi: Ffi): Calls {
  const call = (prototype: string): Call => {
    const native = ffi.declare<Call>(prototype);
    return (...args) => {
      const result = native(...args);
      return result < 0 ? -ffi.errno() : result;
    };
  };
  return {
    accept4: call('int accept4(int, void *, void *, int)'),
    connect: call('int connect(int, void *, uint32_t)'),
    getsockopt: call('int getsockopt(int, int, int, void *, void *)'),
    recv: call('intptr_t recv(int, void *, size_t, int)'),
    send: call('intptr_t send(int, void *, size_t, int)'),
    setsockopt: call('int setsockopt(int, int, int, void *, uint32_t)'),
    shutdown: call('int shutdown(int, int)'),
  };
}

/** Makes the kernel's buffers of a socket small (it doubles the number), so that little data is congestion. */
export function shrinkBuffers(fd: number, bytes: number): void {
  shrinkSendBuffer(fd, bytes);
  setBufferBytes(fd, SO_RCVBUF, bytes);
}

/**
 * Of a socket that is connected already. Its receive buffer stays: the window that it has offered is not taken back, so
 * the kernel would drop what no longer fits (TCPRcvQDrop), and a reset behind that may tell nobody: see docs/adr/0020.
 */
export function shrinkSendBuffer(fd: number, bytes: number): void {
  setBufferBytes(fd, SO_SNDBUF, bytes);
}

function setBufferBytes(fd: number, name: number, bytes: number): void {
  const value = new Uint8Array(Int32Array.of(bytes).buffer);
  assert.equal(calls().setsockopt(fd, SOL_SOCKET, name, value, 4), 0);
}

/** The descriptor of one of Node's sockets. */
export function fdOf(socket: Socket): number {
  return (socket as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}

export class RawSocket {
  readonly #fd: number;
  /** Of one that was accepted; else 0. */
  readonly peerPort: number;
  #isOpen = true;

  constructor(fd: number, peerPort = 0) {
    this.#fd = fd;
    this.peerPort = peerPort;
  }

  /** Connects to a port of loopback; the connect may be under way still. `bufferBytes` 0: the system's default. */
  static connect(port: number, bufferBytes = 0): RawSocket {
    const fd = libcOrFail().socket(4);
    assert.ok(fd >= 0);
    if (bufferBytes > 0) shrinkBuffers(fd, bufferBytes);
    const address = Buffer.alloc(16);
    address.writeUInt16LE(2, 0);
    address.writeUInt16BE(port, 2);
    address.set(LOOPBACK, 4);
    const result = calls().connect(fd, address, address.length);
    assert.ok(result === 0 || result === -EINPROGRESS, `connect gave ${result}`);
    return new RawSocket(fd);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  send(bytes: Uint8Array): number {
    return calls().send(this.#fd, bytes, bytes.length, MSG_NOSIGNAL);
  }

  /** The last of these bytes is urgent: whoever receives them does not find it in the stream. */
  sendUrgent(bytes: Uint8Array): number {
    return calls().send(this.#fd, bytes, bytes.length, MSG_OOB | MSG_NOSIGNAL);
  }

  receive(into: Uint8Array): number {
    return calls().recv(this.#fd, into, into.length, 0);
  }

  end(): void {
    calls().shutdown(this.#fd, SHUT_WR);
  }

  get localPort(): number {
    return libcOrFail().localPort(this.#fd);
  }

  /** Bytes that the peer's kernel has not got. */
  get unacknowledged(): number {
    return libcOrFail().unacknowledged(this.#fd);
  }

  /** Both ends are said, and the last bytes of this one may not have arrived: see `reset`. */
  get isLastUnacknowledged(): boolean {
    const state = new Uint8Array(1);
    const length = new Uint8Array(Int32Array.of(state.length).buffer);
    assert.equal(calls().getsockopt(this.#fd, IPPROTO_TCP, TCP_INFO, state, length), 0);
    return state[0] === TCP_LAST_ACK || state[0] === TCP_CLOSING;
  }

  /**
   * Linux sends no reset when `isLastUnacknowledged` and nothing is unsent: it drops the socket. When the peer's kernel
   * had no room for the last segment, its program hears nothing any more, for nobody sends that again.
   * Measured on 6.18 without an engine, the receiver's buffer small: so in 51 of 51 such cases, with TCPRcvQDrop
   * growing; a reset in all of the 26 where the sender had not heard the other's end or had something unsent.
   */
  reset(): void {
    if (this.#isOpen) libcOrFail().reset(this.#fd);
    this.#isOpen = false;
  }

  /** As a program does that ends: with a reset when something is unread. */
  close(): void {
    if (this.#isOpen) libcOrFail().close(this.#fd);
    this.#isOpen = false;
  }
}

/** Listens on a free port of loopback. */
export class RawListener {
  readonly port: number;
  readonly fd: number;

  constructor(bufferBytes = 0) {
    const libc = libcOrFail();
    this.fd = libc.socket(4);
    if (bufferBytes > 0) shrinkBuffers(this.fd, bufferBytes);
    assert.equal(libc.bind(this.fd, LOOPBACK, 0), 0);
    assert.equal(libc.listen(this.fd, 4_096), 0);
    this.port = libc.localPort(this.fd);
  }

  /** The next connection that waits, or null. */
  accept(): RawSocket | null {
    const peer = Buffer.alloc(16);
    const length = new Uint8Array(Int32Array.of(peer.length).buffer);
    const fd = calls().accept4(this.fd, peer, length, SOCKET_FLAGS);
    assert.ok(fd >= 0 || fd === -EAGAIN, `accept gave ${fd}`);
    return fd < 0 ? null : new RawSocket(fd, peer.readUInt16BE(2));
  }

  close(): void {
    libcOrFail().close(this.fd);
  }
}
