/** The system calls of the event loop: what runs for each event, besides the calls on sockets. */
import type { Ffi } from './ffi.ts';
import { EPOLL_EVENT, NONBLOCK_CLOEXEC } from './linux.ts';
import { Sockets } from './sockets.ts';

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
const MSG_PEEK = 0x2;
/** On a TCP socket: drop the bytes instead of copying them. */
const MSG_TRUNC = 0x20;
const MSG_NOSIGNAL = 0x4000;
const F_SETPIPE_SZ = 1031;
/** SPLICE_F_MOVE | SPLICE_F_NONBLOCK. */
const SPLICE_FLAGS = 1 | 2;
const { words: EVENT_WORDS, data: DATA_AT } = EPOLL_EVENT;

/** One for each thread and loop: it owns the memory that calls work on. */
export class LoopCalls extends Sockets {
  /** Events of the last `epollWait`. */
  readonly #events: Int32Array;
  readonly #eventsAt: number;
  readonly #maxEvents: number;
  /** One event to register. */
  readonly #event = new Int32Array(EVENT_WORDS);
  readonly #eventAt: number;

  constructor(ffi: Ffi, maxEvents: number) {
    super(ffi);
    this.#maxEvents = maxEvents;
    this.#events = new Int32Array(maxEvents * EVENT_WORDS);
    this.#eventsAt = ffi.address(this.#events);
    this.#eventAt = ffi.address(this.#event);
  }

  epollCreate(): number {
    return this.checked(this.native.epoll_create1(EPOLL_CLOEXEC));
  }

  /** `low` and `high` come back with each event. */
  epollAdd(epoll: number, fd: number, events: number, low: number, high: number): number {
    return this.#epollControl(epoll, EPOLL_CTL_ADD, fd, events, low, high);
  }

  /** Waits for other events from now on. Those that hold already are reported again. */
  epollChange(epoll: number, fd: number, events: number, low: number, high: number): number {
    return this.#epollControl(epoll, EPOLL_CTL_MOD, fd, events, low, high);
  }

  epollDelete(epoll: number, fd: number): number {
    return this.checked(this.native.epoll_ctl(epoll, EPOLL_CTL_DEL, fd, this.#eventAt));
  }

  /** How many events there are. `timeoutMs` -1: wait for ever. */
  epollWait(epoll: number, timeoutMs: number): number {
    return this.checked(this.native.epoll_wait(epoll, this.#eventsAt, this.#maxEvents, timeoutMs));
  }

  // `!` in these three: `index` is below what epollWait returned.
  eventBits(index: number): number {
    return this.#events[index * EVENT_WORDS]!;
  }

  eventLow(index: number): number {
    return this.#events[index * EVENT_WORDS + DATA_AT]!;
  }

  eventHigh(index: number): number {
    return this.#events[index * EVENT_WORDS + DATA_AT + 1]!;
  }

  receive(fd: number, at: number, size: number): number {
    return this.checked(this.native.recv(fd, at, size, 0));
  }

  /** As `receive`, but the bytes stay in the kernel. */
  peek(fd: number, at: number, size: number): number {
    return this.checked(this.native.recv(fd, at, size, MSG_PEEK));
  }

  /** Whether a socket holds bytes that were not received. */
  hasUnread(fd: number): boolean {
    return this.native.recv(fd, 0, 1, MSG_PEEK | MSG_TRUNC) > 0;
  }

  /** Drops bytes that were peeked at. */
  discard(fd: number, size: number): number {
    return this.checked(this.native.recv(fd, 0, size, MSG_TRUNC));
  }

  send(fd: number, at: number, size: number): number {
    return this.checked(this.native.send(fd, at, size, MSG_NOSIGNAL));
  }

  /** From a socket into a pipe, or from a pipe to a socket; never waits. */
  splice(from: number, to: number, size: number): number {
    return this.checked(this.native.splice(from, 0, to, 0, size, SPLICE_FLAGS));
  }

  /** A pipe that holds `bytes`; null: the process has no descriptors left, or the user no memory for pipes. */
  pipe(bytes: number): { readonly output: number; readonly input: number } | null {
    if (this.native.pipe2(this.valueAt, NONBLOCK_CLOEXEC) < 0) return null;
    const [output = -1, input = -1] = this.value;
    if (this.native.fcntl(input, F_SETPIPE_SZ, bytes) >= 0) return { output, input };
    this.close(output);
    this.close(input);
    return null;
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
    this.#event[DATA_AT] = low;
    this.#event[DATA_AT + 1] = high;
    return this.checked(this.native.epoll_ctl(epoll, operation, fd, this.#eventAt));
  }
}

/** What a loop asks of the kernel. Only tests replace it. */
export type Kernel = Pick<LoopCalls, keyof LoopCalls>;
