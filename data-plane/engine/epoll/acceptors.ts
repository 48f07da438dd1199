/**
 * The listening sockets of one worker.
 *
 * Invariants
 *  - registered level-triggered: whatever makes us stop accepting, the next wait tells again;
 *  - a batch is bounded, so that a storm of clients delays nobody who is connected;
 *  - while accepting is paused clients wait in the backlog, and no event of a listening socket arrives;
 *  - one listening socket that is broken is given up alone: the others go on;
 *  - a descriptor that was lent is never closed here; one that we opened is.
 */
import { constants } from 'node:os';
import { errnoName, isShortage } from '../../kernel/errno.ts';
import { BACKLOG } from '../../kernel/socket-settings.ts';
import { EAGAIN, EINTR, EPOLL } from '../../kernel/linux.ts';
import type { Kernel } from '../../kernel/loop-calls.ts';

/** The most clients that one event brings. */
const MAX_BATCH = 64;
/** Who can wait at most when accepting ends: the kernel holds one client more than it is asked to. */
const LAST_BATCH = BACKLOG + 1;
const { EBADF, EFAULT, EINVAL, ENOTSOCK } = constants.errno;
/** A listening socket that answers so will never bring a client again. EOPNOTSUPP may be one client's: accept(2). */
const DEFECTS: ReadonlySet<number> = new Set([EBADF, EFAULT, EINVAL, ENOTSOCK]);

interface Acceptor {
  readonly listener: number;
  readonly fd: number;
  /** Opened here. */
  readonly isOurs: boolean;
  /** How many clients the next event may bring: as many as came last time, or twice that when there were more. */
  batch: number;
}

export interface AcceptorsInputs {
  readonly sys: Kernel;
  readonly epoll: number;
  /** The high word of events of listening sockets; the low one is the number that `ready` gets. */
  readonly mark: number;
  /** Takes a client over. False: accept no more for now; this one was taken all the same. */
  accepted(fd: number, listener: number): boolean;
  /** Descriptors or memory ran out. */
  onShortage(errno: number): void;
  onFault(where: string, error: unknown): void;
}

export class Acceptors {
  readonly #inputs: AcceptorsInputs;
  /** A place is used again once its acceptor is gone. */
  readonly #acceptors: (Acceptor | null)[] = [];
  #isPaused = false;

  constructor(inputs: AcceptorsInputs) {
    this.#inputs = inputs;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Accepts on a descriptor that listens. Null, or why not. */
  add(listener: number, fd: number, isOurs: boolean): string | null {
    if (this.#acceptors.some((acceptor) => acceptor?.listener === listener && acceptor.fd === fd))
      return null;
    const vacant = this.#acceptors.indexOf(null);
    const place = vacant < 0 ? this.#acceptors.length : vacant;
    const result = this.#isPaused ? 0 : this.#register(place, fd);
    if (result < 0) {
      if (isOurs) this.#inputs.sys.close(fd);
      return `cannot wait for clients on descriptor ${fd}: ${errnoName(-result)}`;
    }
    this.#acceptors[place] = { listener, fd, isOurs, batch: 1 };
    return null;
  }

  /** Takes in who waits in the backlog already, then accepts no more for a listener. */
  remove(listener: number): void {
    for (const [place, acceptor] of this.#acceptors.entries()) {
      if (acceptor?.listener !== listener) continue;
      acceptor.batch = LAST_BATCH;
      if (!this.#isPaused) this.ready(place);
      this.#drop(place);
    }
  }

  removeAll(): void {
    for (const place of this.#acceptors.keys()) this.#drop(place);
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    const { sys, epoll } = this.#inputs;
    for (const acceptor of this.#acceptors) if (acceptor) sys.epollDelete(epoll, acceptor.fd);
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    for (const [place, acceptor] of this.#acceptors.entries()) {
      if (!acceptor) continue;
      const result = this.#register(place, acceptor.fd);
      // No memory for it just now: all wait for the next look.
      if (result < 0 && !this.#isGivenUp(place, -result)) {
        this.pause();
        this.#inputs.onShortage(-result);
        return;
      }
    }
  }

  /** Clients wait at a place. */
  ready(place: number): void {
    const acceptor = this.#acceptors[place];
    // An event of the same wait may have paused all.
    if (!acceptor || this.#isPaused) return;
    const { batch, fd, listener } = acceptor;
    let count = 0;
    for (; count < batch; count++) {
      const client = this.#inputs.sys.accept(fd);
      if (client < 0) {
        if (this.#failed(place, -client)) break;
      } else if (!this.#inputs.accepted(client, listener)) {
        return;
      }
    }
    acceptor.batch = Math.max(1, Math.min(count < batch ? count : batch * 2, MAX_BATCH));
  }

  /** Whether to end the batch. The other errors are those of one client, which is gone. */
  #failed(place: number, errno: number): boolean {
    if (errno === EAGAIN) return true;
    if (errno === EINTR) return false;
    if (isShortage(errno)) {
      this.#inputs.onShortage(errno);
      return true;
    }
    return this.#isGivenUp(place, errno);
  }

  /** Gives a listening socket up that is broken. */
  #isGivenUp(place: number, errno: number): boolean {
    if (!DEFECTS.has(errno)) return false;
    this.#drop(place);
    this.#inputs.onFault('accepting', new Error(`${errnoName(errno)}; the socket is given up`));
    return true;
  }

  #register(place: number, fd: number): number {
    const { sys, epoll, mark } = this.#inputs;
    return sys.epollAdd(epoll, fd, EPOLL.in, place, mark);
  }

  #drop(place: number): void {
    const acceptor = this.#acceptors[place];
    if (!acceptor) return;
    const { sys, epoll } = this.#inputs;
    this.#acceptors[place] = null;
    if (!this.#isPaused) sys.epollDelete(epoll, acceptor.fd);
    if (acceptor.isOurs) sys.close(acceptor.fd);
  }
}
