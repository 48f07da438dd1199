/**
 * The engine for Linux: our own event loop in each worker thread, which calls the kernel through FFI.
 *
 * One turn: wait for events, set the flags they report, accept clients, give each flagged connection its turn, and
 * handle deadlines.
 *
 * Invariants
 *  - a turn waits for events only, and not at all while a connection has something to do;
 *  - accepting stops when the budget, the slots, descriptors or memory of sockets run out, and resumes by itself; open
 *    connections are not affected;
 *  - a slot that an event frees is reused only after the last event of that wait;
 *  - nothing throws after construction.
 */
import { parseIp } from '../../../core/model/ip.ts';
import type { Engine, EngineFactory, EngineInputs, ListenOn } from '../engine.ts';
import type { PauseCause } from '../../memory/proxy-counts.ts';
import type { CloseReason } from '../../../core/wire/close-reasons.ts';
import { errnoName } from '../../kernel/errno.ts';
import { type Ffi, loadFfi } from '../../kernel/ffi.ts';
import { EPOLL, platformObstacle } from '../../kernel/linux.ts';
import { BACKLOG } from '../../kernel/socket-settings.ts';
import { ACCEPT_RETRY_MS } from '../timeouts.ts';
import { Acceptors } from './acceptors.ts';
import { Connections } from './connections.ts';
import { Deadlines } from './deadlines.ts';
import { Dialer } from './opening/dialer.ts';
import type { LoopContext } from './loop-context.ts';
import { Pipes } from './pipes.ts';
import { Relay } from './relay.ts';
import { selfCheck } from '../../kernel/self-check.ts';
import { Slots } from './slots.ts';
import { SideIo } from '../tls/side-io.ts';
import { type Kernel, LoopCalls } from '../../kernel/loop-calls.ts';

/** The most events that one wait returns. */
const MAX_EVENTS = 256;
/** Marks the events of listening sockets, and of the eventfd: generations of connections are 0 or more. */
const LISTENING = -1;
const WOKEN = -2;
/** The longest wait: a clock that jumped is noticed in time, and the timeout of epoll_wait is an int. */
const LONGEST_WAIT_MS = 60_000;

export class EpollEngine implements Engine {
  readonly name = 'epoll';
  readonly turn = (): boolean => this.#turn();
  readonly #inputs: EngineInputs;
  readonly #context: LoopContext;
  readonly #connections: Connections;
  readonly #acceptors: Acceptors;
  #isAccepting = true;
  /** What onSaturated was last called with. */
  #isSaturated = false;
  /** Why accepting was paused the last time. */
  #pauseCause: PauseCause = 'connection_limit';
  /** When to check for room; Infinity while accepting is not paused. */
  #acceptRetryMs = Number.POSITIVE_INFINITY;

  constructor(inputs: EngineInputs, ffi: Pick<Ffi, 'address'>, sys: Kernel) {
    const { clock, handler, holdings, sourceAddresses, targets, wakeFd } = inputs;
    const epoll = sys.epollCreate();
    if (epoll < 0) throw new Error(`no epoll instance: ${errnoName(-epoll)}`);
    holdings.epoll[0] = epoll;
    const result = sys.epollAdd(epoll, wakeFd, EPOLL.in | EPOLL.edge | 0, 0, WOKEN);
    if (result < 0) throw new Error(`cannot wait for wake-ups on ${wakeFd}: ${errnoName(-result)}`);
    const nowMs = clock.nowMs();
    const slots = new Slots(holdings.sockets);
    const deadlines = new Deadlines(nowMs, (slot) => this.#connections.onDeadline(slot));
    this.#inputs = inputs;
    const context = { slots, sys, epoll, handler, deadlines, nowMs };
    const io = new SideIo(slots, sys, ffi);
    const pipes = inputs.splice ? new Pipes(sys, holdings.pipes, () => context.nowMs) : null;
    this.#context = context;
    this.#connections = new Connections({
      context,
      dialer: new Dialer(sys, targets, sourceAddresses),
      relay: new Relay(slots, io, ffi, pipes, inputs.parkingBytes),
      ffi,
      io,
      onFault: (where, error) => inputs.onFault(where, error),
      onShortage: (errno) => this.#ranShort(errno),
      onReleased: (listener) => this.#released(listener),
    });
    this.#acceptors = new Acceptors({
      sys,
      epoll,
      mark: LISTENING,
      accepted: (fd, listener, port) => this.#accepted(fd, listener, port),
      onShortage: (errno) => this.#ranShort(errno),
      onFault: (where, error) => inputs.onFault(where, error),
    });
  }

  get connections(): number {
    return this.#context.slots.open;
  }

  listen(listener: number, on: ListenOn, done: (failure: string | null) => void): void {
    if (!this.#isAccepting) return done('the worker has stopped accepting');
    if (on.type === 'descriptors') return done(this.#listenAll(listener, on.fds, on.firstPort));
    const fd = this.#open(on.host, on.port);
    if (fd < 0) return done(`${errnoName(-fd)}: cannot listen on ${on.host} port ${on.port}`);
    done(this.#acceptors.add(listener, fd, on.port, true));
  }

  #listenAll(listener: number, fds: readonly number[], firstPort: number): string | null {
    for (const [index, fd] of fds.entries()) {
      const failure = this.#acceptors.add(listener, fd, firstPort + index, false);
      if (failure !== null) return failure;
    }
    return null;
  }

  unlisten(listener: number, done: () => void): void {
    this.#acceptors.remove(listener);
    done();
  }

  stopAccepting(): void {
    this.#isAccepting = false;
    this.#acceptRetryMs = Number.POSITIVE_INFINITY;
    this.#acceptors.removeAll();
  }

  reconsider(slot: number): void {
    this.#connections.reconsider(slot);
  }

  reset(slot: number, reason: CloseReason): void {
    this.#connections.reset(slot, reason);
  }

  /** The epoll instance stays open for the last wake-ups; the main thread closes it after this thread has ended. */
  close(reason: CloseReason = 'shutdown'): void {
    this.stopAccepting();
    this.#connections.resetAll(reason);
  }

  #turn(): boolean {
    const { epoll, sys } = this.#context;
    const count = sys.epollWait(epoll, this.#timeoutMs());
    this.#context.nowMs = this.#inputs.clock.nowMs();
    let isWoken = false;
    let doClientsWait = false;
    for (let index = 0; index < count; index++) {
      const mark = sys.eventHigh(index);
      if (mark >= 0) this.#connections.onEvent(sys.eventLow(index), mark, sys.eventBits(index));
      else if (mark === LISTENING) doClientsWait = true;
      else isWoken = true;
    }
    if (doClientsWait) this.#accept(count);
    this.#connections.run();
    this.#context.deadlines.advance(this.#context.nowMs);
    if (this.#context.nowMs >= this.#acceptRetryMs) this.#retryAccepting();
    return isWoken;
  }

  #timeoutMs(): number {
    if (this.#connections.isBusy) return 0;
    const { deadlines, nowMs } = this.#context;
    const waitMs = Math.min(deadlines.waitMs(nowMs), this.#acceptRetryMs - nowMs, LONGEST_WAIT_MS);
    return Math.max(0, Math.ceil(waitMs));
  }

  /** Runs after all other events of the wait, so that no slot freed by one of them is reused among them. */
  #accept(events: number): void {
    const { sys } = this.#context;
    for (let index = 0; index < events; index++) {
      if (sys.eventHigh(index) === LISTENING) this.#acceptors.ready(sys.eventLow(index));
    }
  }

  /** False: accept no more for now. */
  #accepted(fd: number, listener: number, port: number): boolean {
    const isLast = this.#inputs.budget.take(listener);
    if (isLast) this.#pauseAccepting('connection_limit', listener);
    if (this.#context.slots.open + 1 >= this.#context.slots.capacity)
      this.#pauseAccepting('connection_limit');
    this.#connections.accepted(fd, listener, port);
    return !isLast && !this.#acceptors.isPaused;
  }

  #released(listener: number): void {
    this.#inputs.budget.giveBack(listener);
    if (this.#acceptors.isWaiting) this.#retryAccepting();
  }

  /** Reported once, however long it lasts. */
  #ranShort(errno: number): void {
    if (!this.#isSaturated && this.#isAccepting)
      this.#inputs.onFault('accepting', new Error(`${errnoName(errno)}; clients wait until that is over`));
    this.#pauseAccepting('shortage');
  }

  /** For one listener, or for all. */
  #pauseAccepting(cause: PauseCause, listener?: number): void {
    if (!this.#isAccepting || this.#acceptors.isPaused) return;
    this.#pauseCause = cause;
    if (listener === undefined) this.#acceptors.pause();
    else this.#acceptors.hold(listener);
    this.#acceptRetryMs = this.#context.nowMs + ACCEPT_RETRY_MS;
    this.#setSaturated(true);
  }

  /** Resumes when there is room. When it is still not paused at the next check, the pause is over. */
  #retryAccepting(): void {
    this.#acceptRetryMs = this.#context.nowMs + ACCEPT_RETRY_MS;
    if (!this.#acceptors.isWaiting) {
      this.#acceptRetryMs = Number.POSITIVE_INFINITY;
      this.#setSaturated(false);
    } else if (this.#context.slots.hasRoom) {
      this.#acceptors.resume(this.#inputs.budget.hasRoom());
    }
  }

  #setSaturated(isSaturated: boolean): void {
    if (isSaturated === this.#isSaturated) return;
    this.#isSaturated = isSaturated;
    this.#inputs.onSaturated(isSaturated, this.#pauseCause);
  }

  /** A new socket that listens on an address, or the errno negated. */
  #open(host: string, port: number): number {
    const { sys } = this.#context;
    const ip = parseIp(host) ?? Uint8Array.of(0, 0, 0, 0);
    const fd = sys.socket(ip.length === 4 ? 4 : 6);
    if (fd < 0) return fd;
    sys.setOption(fd, 'reuseAddress', 1);
    sys.setOption(fd, 'outOfBandInline', 1);
    const bound = sys.bind(fd, ip, port);
    const result = bound < 0 ? bound : sys.listen(fd, BACKLOG);
    if (result >= 0) return fd;
    sys.close(fd);
    return result;
  }
}

/** Why the epoll engine can't run here, or null. */
export function epollEngineObstacle(): string | null {
  const obstacle = platformObstacle();
  if (obstacle !== null) return obstacle;
  const { ffi, reason } = loadFfi();
  if (!ffi) return reason;
  const failure = selfCheck(ffi);
  return failure === null ? null : `the self-check failed: ${failure}`;
}

/** An engine on epoll. Throws where it can't run: call epollEngineObstacle first. */
export const epollEngine: EngineFactory = (inputs) => {
  const { ffi, reason } = loadFfi();
  if (!ffi) throw new Error(reason);
  return new EpollEngine(inputs, ffi, new LoopCalls(ffi, MAX_EVENTS));
};
