/**
 * The system calls of the epoll loop, and every number and layout that depends on the machine: Linux on x64.
 *
 * Invariants
 *  - nothing throws: a call returns what it got (>= 0), or the errno negated;
 *  - memory that the kernel reads or writes is named by an address that was looked up once; the views behind those
 *    addresses live as long as this object does.
 */
import { constants } from 'node:os';
import type { Ffi } from './ffi.ts';
import { AF_INET, AF_INET6, NONBLOCK_CLOEXEC, OPTION, SIOCOUTQ, SOCK_STREAM } from './linux.ts';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const SHUT_WR = 1;
const MSG_PEEK = 0x2;
/** On a TCP socket: drop the bytes instead of copying them. */
const MSG_TRUNC = 0x20;
const MSG_NOSIGNAL = 0x4000;
const F_SETPIPE_SZ = 1031;
/** SPLICE_F_MOVE | SPLICE_F_NONBLOCK. */
const SPLICE_FLAGS = 1 | 2;
/** struct epoll_event is packed on x64: events in 4 bytes, then data in 8. */
const EVENT_WORDS = 3;

/** Bits of epoll events. */
export const EPOLL = {
  in: 0x1,
  urgent: 0x2,
  out: 0x4,
  error: 0x8,
  hangUp: 0x10,
  readHangUp: 0x2000,
  edge: 0x8000_0000,
} as const;

export const { EADDRNOTAVAIL, EAGAIN, EALREADY, EINPROGRESS, EINTR, EISCONN } = constants.errno;

type Native = (...args: number[]) => number;

/** Room for the largest socket address, struct sockaddr_in6. */
const SOCKADDR_BYTES = 28;
const PORT_AT = 2;

/** One per thread and engine: it owns the memory that calls work on. */
export class Syscalls {
  /** Events of the last `epollWait`. */
  readonly #events: Int32Array;
  readonly #eventsAt: number;
  readonly #maxEvents: number;
  /** One event to register. */
  readonly #event = new Int32Array(EVENT_WORDS);
  readonly #eventAt: number;
  /** A socket address: the peer's after `accept`, the one to use before `bind` and `connect`. */
  readonly #address = new Uint8Array(SOCKADDR_BYTES);
  readonly #addressView = new DataView(this.#address.buffer);
  readonly #addressAt: number;
  readonly #value = new Int32Array(2);
  readonly #valueAt: number;
  readonly #length = new Int32Array(1);
  readonly #lengthAt: number;
  readonly #errno: () => number;
  readonly #native: Readonly<Record<keyof typeof PROTOTYPES, Native>>;

  /** Throws when a function is missing. */
  constructor(ffi: Ffi, maxEvents: number) {
    this.#maxEvents = maxEvents;
    this.#events = new Int32Array(maxEvents * EVENT_WORDS);
    this.#eventsAt = ffi.address(this.#events);
    this.#eventAt = ffi.address(this.#event);
    this.#addressAt = ffi.address(this.#address);
    this.#valueAt = ffi.address(this.#value);
    this.#lengthAt = ffi.address(this.#length);
    this.#errno = () => ffi.errno();
    const declared = Object.entries(PROTOTYPES).map(([name, text]) => [name, ffi.declare<Native>(text)]);
    this.#native = Object.fromEntries(declared) as Record<keyof typeof PROTOTYPES, Native>;
  }

  epollCreate(): number {
    return this.#checked(this.#native.epoll_create1(EPOLL_CLOEXEC));
  }

  /** `low` and `high` come back with each event. */
  epollAdd(epoll: number, fd: number, events: number, low: number, high: number): number {
    return this.#epollControl(epoll, EPOLL_CTL_ADD, fd, events, low, high);
  }

  /** Other events from now on. What is there already is told again. */
  epollChange(epoll: number, fd: number, events: number, low: number, high: number): number {
    return this.#epollControl(epoll, EPOLL_CTL_MOD, fd, events, low, high);
  }

  epollDelete(epoll: number, fd: number): number {
    return this.#checked(this.#native.epoll_ctl(epoll, EPOLL_CTL_DEL, fd, this.#eventAt));
  }

  /** How many events there are. `timeoutMs` -1: wait for ever. */
  epollWait(epoll: number, timeoutMs: number): number {
    return this.#checked(this.#native.epoll_wait(epoll, this.#eventsAt, this.#maxEvents, timeoutMs));
  }

  // `!` in these three: `index` is below what epollWait returned.
  eventBits(index: number): number {
    return this.#events[index * EVENT_WORDS]!;
  }

  eventLow(index: number): number {
    return this.#events[index * EVENT_WORDS + 1]!;
  }

  eventHigh(index: number): number {
    return this.#events[index * EVENT_WORDS + 2]!;
  }

  /** The descriptor of the next client; `peerIp` has its address then. */
  accept(fd: number): number {
    this.#length[0] = SOCKADDR_BYTES;
    return this.#checked(this.#native.accept4(fd, this.#addressAt, this.#lengthAt, NONBLOCK_CLOEXEC));
  }

  /** The IP address of the client just accepted, in network order: `length` bytes from `start`. */
  get peerIp(): { readonly bytes: Uint8Array; readonly start: number; readonly length: 4 | 16 } {
    return this.#address[0] === AF_INET ? this.#peerV4 : this.#peerV6;
  }

  /** The port of the client just accepted. */
  get peerPort(): number {
    return this.#addressView.getUint16(PORT_AT);
  }

  readonly #peerV4 = { bytes: this.#address, start: 4, length: 4 } as const;
  readonly #peerV6 = { bytes: this.#address, start: 8, length: 16 } as const;

  /** A TCP socket, non-blocking and closed on exec. */
  socket(length: 4 | 16): number {
    const family = length === 4 ? AF_INET : AF_INET6;
    return this.#checked(this.#native.socket(family, SOCK_STREAM | NONBLOCK_CLOEXEC, 0));
  }

  /**
   * Where to write the IP address, in network order, that `bind` and `connect` use next. `length`: 4 or 16 bytes,
   * from `start`.
   */
  addressFor(length: 4 | 16, port: number): { readonly bytes: Uint8Array; readonly start: number } {
    // Flow label and scope are zero in every address that we use.
    this.#address.fill(0);
    this.#address[0] = length === 4 ? AF_INET : AF_INET6;
    this.#addressView.setUint16(PORT_AT, port);
    return length === 4 ? this.#peerV4 : this.#peerV6;
  }

  bind(fd: number): number {
    return this.#checked(this.#native.bind(fd, this.#addressAt, this.#addressLength()));
  }

  /** 0 when connected, -EINPROGRESS when it will be told by an event. */
  connect(fd: number): number {
    return this.#checked(this.#native.connect(fd, this.#addressAt, this.#addressLength()));
  }

  /** The port that a socket is bound to. */
  localPort(fd: number): number {
    this.#length[0] = SOCKADDR_BYTES;
    const result = this.#native.getsockname(fd, this.#addressAt, this.#lengthAt);
    return result < 0 ? -this.#errno() : this.#addressView.getUint16(PORT_AT);
  }

  listen(fd: number, backlog: number): number {
    return this.#checked(this.#native.listen(fd, backlog));
  }

  setOption(fd: number, [level, name]: readonly [level: number, name: number], value: number): number {
    this.#value[0] = value;
    return this.#checked(this.#native.setsockopt(fd, level, name, this.#valueAt, 4));
  }

  /** The error that a socket has pending, positive; it is told once. 0: none. */
  pendingError(fd: number): number {
    const [level, name] = OPTION.error;
    this.#length[0] = 4;
    const result = this.#native.getsockopt(fd, level, name, this.#valueAt, this.#lengthAt);
    return result < 0 ? this.#errno() : this.#value[0]!; // `!`: two elements, always.
  }

  receive(fd: number, at: number, size: number): number {
    return this.#checked(this.#native.recv(fd, at, size, 0));
  }

  /** As `receive`, and the bytes stay in the kernel. */
  peek(fd: number, at: number, size: number): number {
    return this.#checked(this.#native.recv(fd, at, size, MSG_PEEK));
  }

  /** Drops bytes that were peeked at. */
  discard(fd: number, size: number): number {
    return this.#checked(this.#native.recv(fd, 0, size, MSG_TRUNC));
  }

  send(fd: number, at: number, size: number): number {
    return this.#checked(this.#native.send(fd, at, size, MSG_NOSIGNAL));
  }

  /** From a socket into a pipe, or from a pipe to a socket; never waits. */
  splice(from: number, to: number, size: number): number {
    return this.#checked(this.#native.splice(from, 0, to, 0, size, SPLICE_FLAGS));
  }

  /** A pipe that holds `bytes`; null: descriptors ran out, or the memory that this user may have in pipes. */
  pipe(bytes: number): { readonly output: number; readonly input: number } | null {
    if (this.#native.pipe2(this.#valueAt, NONBLOCK_CLOEXEC) < 0) return null;
    const [output = -1, input = -1] = this.#value;
    if (this.#native.fcntl(input, F_SETPIPE_SZ, bytes) >= 0) return { output, input };
    this.close(output);
    this.close(input);
    return null;
  }

  endOutput(fd: number): number {
    return this.#checked(this.#native.shutdown(fd, SHUT_WR));
  }

  /** How many bytes sent on a socket its peer has not acknowledged. */
  unacknowledged(fd: number): number {
    const result = this.#native.ioctl(fd, SIOCOUTQ, this.#valueAt);
    return result < 0 ? -this.#errno() : this.#value[0]!; // `!`: two elements, always.
  }

  close(fd: number): number {
    return this.#checked(this.#native.close(fd));
  }

  /** Closes with a reset. */
  reset(fd: number): number {
    const [level, name] = OPTION.linger;
    this.#value[0] = 1;
    this.#value[1] = 0;
    this.#native.setsockopt(fd, level, name, this.#valueAt, 8);
    return this.close(fd);
  }

  #addressLength(): number {
    return this.#address[0] === AF_INET ? 16 : SOCKADDR_BYTES;
  }

  #epollControl(
    epoll: number,
    operation: number,
    fd: number,
    events: number,
    low: number,
    high: number,
  ): number {
    this.#event[0] = events;
    this.#event[1] = low;
    this.#event[2] = high;
    return this.#checked(this.#native.epoll_ctl(epoll, operation, fd, this.#eventAt));
  }

  #checked(result: number): number {
    return result < 0 ? -this.#errno() : result;
  }
}

/** What a loop asks of the kernel. Only tests put something else in the place of the calls. */
export type Kernel = Pick<Syscalls, keyof Syscalls>;

const PROTOTYPES = {
  epoll_create1: 'int epoll_create1(int)',
  epoll_ctl: 'int epoll_ctl(int, int, int, uintptr_t)',
  epoll_wait: 'int epoll_wait(int, uintptr_t, int, int)',
  accept4: 'int accept4(int, uintptr_t, uintptr_t, int)',
  socket: 'int socket(int, int, int)',
  bind: 'int bind(int, uintptr_t, uint32_t)',
  listen: 'int listen(int, int)',
  getsockname: 'int getsockname(int, uintptr_t, uintptr_t)',
  connect: 'int connect(int, uintptr_t, uint32_t)',
  setsockopt: 'int setsockopt(int, int, int, uintptr_t, uint32_t)',
  getsockopt: 'int getsockopt(int, int, int, uintptr_t, uintptr_t)',
  recv: 'intptr_t recv(int, uintptr_t, size_t, int)',
  send: 'intptr_t send(int, uintptr_t, size_t, int)',
  shutdown: 'int shutdown(int, int)',
  ioctl: 'int ioctl(int, unsigned long, uintptr_t)',
  close: 'int close(int)',
  pipe2: 'int pipe2(uintptr_t, int)',
  fcntl: 'int fcntl(int, int, int)',
  splice: 'intptr_t splice(int, uintptr_t, int, uintptr_t, size_t, unsigned int)',
} as const;
