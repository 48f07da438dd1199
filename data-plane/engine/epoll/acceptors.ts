/**
 * The listening sockets of one worker.
 *
 * Invariants
 *  - they are registered level-triggered: whatever makes us stop accepting, the next wait reports them again;
 *  - a batch is bounded, so that a storm of clients delays no open connection;
 *  - while accepting is paused, for all listeners or for one that is full, clients wait in the backlog, and no event of
 *    a listening socket arrives;
 *  - a broken listening socket is given up alone; the others are not affected;
 *  - a lent descriptor is never closed here; one that we opened is.
 */
import { constants } from 'node:os';
import { errnoName, isShortage } from '../../kernel/errno.ts';
import { BACKLOG } from '../../kernel/socket-settings.ts';
import { EAGAIN, EINTR, EPOLL } from '../../kernel/linux.ts';
import type { Kernel } from '../../kernel/loop-calls.ts';

/** The most clients to accept for one event. */
const MAX_BATCH = 64;
/** The most clients that can wait when accepting ends: the kernel queues one more than the backlog says. */
const LAST_BATCH = BACKLOG + 1;
const { EBADF, EFAULT, EINVAL, ENOTSOCK } = constants.errno;
/** Errors of a listening socket that is broken for good. EOPNOTSUPP may be about one client: accept(2). */
const DEFECTS: ReadonlySet<number> = new Set([EBADF, EFAULT, EINVAL, ENOTSOCK]);

interface Acceptor {
  readonly listener: number;
  readonly fd: number;
  /** The port that its clients asked for. */
  readonly port: number;
  /** Opened by this engine, not lent. */
  readonly isOurs: boolean;
  /** There is no room for more clients of this listener. */
  isFull: boolean;
  /** How many clients to accept for the next event: as many as last time, or twice that when there were more. */
  batch: number;
}

export interface AcceptorsInputs {
  readonly sys: Kernel;
  readonly epoll: number;
  /** The high word of events of listening sockets; the low one is the index that `ready` takes. */
  readonly mark: number;
  /** Takes a client over. False: accept no more for now. */
  accepted(fd: number, listener: number, port: number): boolean;
  /** Descriptors or memory ran out. */
  onShortage(errno: number): void;
  onFault(where: string, error: unknown): void;
}

export class Acceptors {
  readonly #inputs: AcceptorsInputs;
  /** An index is reused once its acceptor is gone. */
  readonly #acceptors: (Acceptor | null)[] = [];
  #isPaused = false;
  /** How many acceptors are full. */
  #full = 0;

  constructor(inputs: AcceptorsInputs) {
    this.#inputs = inputs;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether clients of any listener are not accepted. */
  get isWaiting(): boolean {
    return this.#isPaused || this.#full > 0;
  }

  /** Accepts on a listening descriptor. Returns null, or why that failed. */
  add(listener: number, fd: number, port: number, isOurs: boolean): string | null {
    if (this.#acceptors.some((acceptor) => acceptor?.listener === listener && acceptor.fd === fd))
      return null;
    const vacant = this.#acceptors.indexOf(null);
    const index = vacant < 0 ? this.#acceptors.length : vacant;
    const isFull = this.#acceptors.some((other) => other?.listener === listener && other.isFull);
    const result = this.#isPaused || isFull ? 0 : this.#register(index, fd);
    if (result < 0) {
      if (isOurs) this.#inputs.sys.close(fd);
      return `cannot wait for clients on descriptor ${fd}: ${errnoName(-result)}`;
    }
    this.#acceptors[index] = { listener, fd, port, isOurs, isFull, batch: 1 };
    if (isFull) this.#full += 1;
    return null;
  }

  /** Accepts the clients that wait in the backlog already, then no more for this listener. */
  remove(listener: number): void {
    for (const [index, acceptor] of this.#acceptors.entries()) {
      if (acceptor?.listener !== listener) continue;
      acceptor.batch = LAST_BATCH;
      this.ready(index);
      this.#drop(index);
    }
  }

  removeAll(): void {
    for (const index of this.#acceptors.keys()) this.#drop(index);
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    for (const acceptor of this.#acceptors) if (acceptor && !acceptor.isFull) this.#unregister(acceptor);
  }

  /** Accepts no more for one listener. */
  hold(listener: number): void {
    for (const acceptor of this.#acceptors) {
      if (acceptor?.listener !== listener || acceptor.isFull) continue;
      if (!this.#isPaused) this.#unregister(acceptor);
      acceptor.isFull = true;
      this.#full += 1;
    }
  }

  /** Accepts again, for the listeners that have room. */
  resume(hasRoom: (listener: number) => boolean): void {
    const wasPaused = this.#isPaused;
    this.#isPaused = false;
    for (const [index, acceptor] of this.#acceptors.entries()) {
      if (!acceptor || (!acceptor.isFull && !wasPaused)) continue;
      if (acceptor.isFull && !hasRoom(acceptor.listener)) continue;
      if (acceptor.isFull) this.#full -= 1;
      acceptor.isFull = false;
      const result = this.#register(index, acceptor.fd);
      // Without memory for it, all of them wait for the next retry.
      if (result < 0 && !this.#isGivenUp(index, -result)) {
        this.pause();
        this.#inputs.onShortage(-result);
        return;
      }
    }
  }

  /** Clients wait for the acceptor at an index. */
  ready(index: number): void {
    const acceptor = this.#acceptors[index];
    // An earlier event of the same wait may have paused accepting.
    if (!acceptor || this.#isPaused || acceptor.isFull) return;
    const { batch, fd, listener, port } = acceptor;
    let count = 0;
    for (; count < batch; count++) {
      const client = this.#inputs.sys.accept(fd);
      if (client < 0) {
        if (this.#failed(index, -client)) break;
      } else if (!this.#inputs.accepted(client, listener, port)) {
        return;
      }
    }
    acceptor.batch = Math.max(1, Math.min(count < batch ? count : batch * 2, MAX_BATCH));
  }

  /** Whether to end the batch. All other errors are about one client, which is gone. */
  #failed(index: number, errno: number): boolean {
    if (errno === EAGAIN) return true;
    if (errno === EINTR) return false;
    if (isShortage(errno)) {
      this.#inputs.onShortage(errno);
      return true;
    }
    return this.#isGivenUp(index, errno);
  }

  /** Gives up a listening socket that is broken. */
  #isGivenUp(index: number, errno: number): boolean {
    if (!DEFECTS.has(errno)) return false;
    this.#drop(index);
    this.#inputs.onFault('accepting', new Error(`${errnoName(errno)}; the socket is given up`));
    return true;
  }

  #register(index: number, fd: number): number {
    const { sys, epoll, mark } = this.#inputs;
    return sys.epollAdd(epoll, fd, EPOLL.in, index, mark);
  }

  #drop(index: number): void {
    const acceptor = this.#acceptors[index];
    if (!acceptor) return;
    this.#acceptors[index] = null;
    if (acceptor.isFull) this.#full -= 1;
    if (!this.#isPaused && !acceptor.isFull) this.#unregister(acceptor);
    if (acceptor.isOurs) this.#inputs.sys.close(acceptor.fd);
  }

  #unregister({ fd }: Acceptor): void {
    this.#inputs.sys.epollDelete(this.#inputs.epoll, fd);
  }
}
