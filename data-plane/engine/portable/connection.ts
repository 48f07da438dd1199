/**
 * One connection of the portable engine, from accept to close.
 *
 *   connecting ⇄ waiting (for a retry) → relaying → closed
 *
 * Invariants
 *  - the handler is called in the order that ConnectionHandler documents; onClosed exactly once, as the last call;
 *  - nothing is read from the client before a backend is connected, nor from a side while the other one is full;
 *  - an exception in any callback resets this connection only.
 */
import type { Socket } from 'node:net';
import type { Timer } from '../../../core/runtime/clock.ts';
import { ERRNO, errnoOf, isShortage } from '../../kernel/errno.ts';
import { isItsOwnPeer } from '../../kernel/own-peer.ts';
import type { CloseReason } from '../../../core/wire/close-reasons.ts';
import { type ConnectionTimeouts, type EngineInputs, NO_ROW, WAIT } from '../engine.ts';
import type { PeerAddress } from '../peer-address.ts';
import { inactivityLimit } from '../timeouts.ts';

/** setTimeout takes no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** What a connection needs from its engine. */
export interface ConnectionContext {
  readonly inputs: EngineInputs;
  /** Starts a connect to the backend in a row. */
  connect(row: number, asked: number): Socket;
  /** The connection is closed, and its slot is free again. */
  release(slot: number): void;
}

export class Connection {
  readonly #context: ConnectionContext;
  readonly #inputs: EngineInputs;
  readonly #slot: number;
  readonly #client: Socket;
  #state: 'connecting' | 'waiting' | 'relaying' | 'closed' = 'connecting';
  #row = NO_ROW;
  /** Of the current attempt, then of the connection. */
  #backend: Socket | null = null;
  #timeouts: ConnectionTimeouts = { connectMs: 0, idleMs: 0, halfClosedMs: 0, lifetimeMs: 0 };
  #timer: Timer | null = null;
  #lastActivityMs = 0;
  /** When its lifetime ends. */
  #endMs = Number.POSITIVE_INFINITY;
  #closedSides = 0;

  constructor(context: ConnectionContext, slot: number, client: Socket) {
    this.#context = context;
    this.#inputs = context.inputs;
    this.#slot = slot;
    this.#client = client;
    // While it is not read, only an error of the socket itself gets here.
    this.#on(client, 'error', () => this.#finish('client_reset'));
  }

  start(listener: number, client: PeerAddress): void {
    this.#guarded(() => {
      const row = this.#inputs.handler.onAccept(this.#slot, listener, client);
      this.#timeouts = this.#inputs.handler.timeouts(this.#slot);
      this.#tryRow(row, 0);
    });
  }

  reset(reason: CloseReason): void {
    this.#finish(reason);
  }

  /** See Engine.reconsider. */
  reconsider(): void {
    if (this.#state !== 'connecting' && this.#state !== 'waiting') return;
    this.#guarded(() => this.#attemptFailed(ERRNO.canceled));
  }

  #tryRow(row: number, delayMs: number): void {
    if (row === NO_ROW || row === WAIT) return this.#finish(this.#inputs.handler.refusal);
    this.#row = row;
    if (delayMs === 0) return this.#connect();
    this.#state = 'waiting';
    this.#after(delayMs, () => this.#connect());
  }

  #connect(): void {
    this.#state = 'connecting';
    const backend = this.#context.connect(this.#row, this.#client.localPort ?? 0);
    this.#backend = backend;
    const isCurrent = () => this.#state === 'connecting' && this.#backend === backend;
    const { connectMs } = this.#timeouts;
    if (connectMs > 0) this.#afterPoll(connectMs, () => isCurrent() && this.#attemptFailed(ERRNO.timedOut));
    this.#on(backend, 'connect', () => {
      if (!isCurrent()) return;
      if (isItsOwnPeer(backend)) {
        reset(backend);
        this.#attemptFailed(ERRNO.refused);
      } else this.#established(backend);
    });
    this.#on(backend, 'error', (error) => {
      if (isCurrent() && isShortage(errnoOf(error))) throw error; // Our own failure, not the backend's.
      if (isCurrent()) this.#attemptFailed(errnoOf(error));
      else if (this.#backend === backend) {
        this.#backendEnded(backend);
        this.#finish('backend_reset');
      }
    });
  }

  #attemptFailed(errno: number): void {
    const { handler } = this.#inputs;
    this.#timer?.cancel();
    this.#backend?.destroy();
    this.#backend = null;
    const row = handler.onConnectFailed(this.#slot, errno);
    this.#tryRow(row, row === NO_ROW ? 0 : handler.retryDelayMs);
  }

  #established(backend: Socket): void {
    const { handler } = this.#inputs;
    this.#state = 'relaying';
    handler.onEstablished(this.#slot);
    this.#active();
    const { lifetimeMs } = this.#timeouts;
    if (lifetimeMs > 0) this.#endMs = this.#lastActivityMs + lifetimeMs;
    this.#relay(this.#client, backend, (bytes) => handler.onBytes(this.#slot, bytes, 0));
    this.#relay(backend, this.#client, (bytes) => handler.onBytes(this.#slot, 0, bytes));
    this.#watchActivity();
  }

  /** Passes on bytes and the end, one way. `taken` is called when the kernel has taken bytes. */
  #relay(from: Socket, to: Socket, taken: (bytes: number) => void): void {
    this.#on(from, 'data', (chunk) => {
      this.#active();
      const hasRoom = to.write(chunk, (error) => {
        if (error || this.#state === 'closed') return;
        this.#active();
        this.#guarded(() => taken(chunk.length));
      });
      if (!hasRoom) from.pause();
    });
    this.#on(to, 'drain', () => from.resume());
    this.#on(from, 'end', () => {
      this.#active();
      if (from === this.#backend) this.#backendEnded(from);
      to.end();
      this.#watchActivity();
    });
    // Node closes a socket by itself once both of its directions have ended.
    this.#on(from, 'close', () => {
      this.#closedSides += 1;
      if (this.#closedSides === 2) this.#finish('completed');
    });
    from.resume();
  }

  /** The handler hears of bytes only when they were passed on, so what was read counts here. */
  #backendEnded(backend: Socket): void {
    if (backend.bytesRead > 0 || this.#client.readableEnded) return;
    this.#inputs.handler.onBackendEnded(this.#slot);
  }

  #active(): void {
    this.#lastActivityMs = this.#inputs.clock.nowMs();
  }

  #watchActivity(): void {
    const isHalfClosed = this.#client.readableEnded || this.#backend?.readableEnded === true;
    const { ms, reason } = inactivityLimit(this.#timeouts, isHalfClosed);
    const { clock } = this.#inputs;
    const activeMs = this.#lastActivityMs;
    const silentMs = ms > 0 ? activeMs + ms : Number.POSITIVE_INFINITY;
    const dueMs = Math.min(silentMs, this.#endMs);
    if (dueMs === Number.POSITIVE_INFINITY) return this.#timer?.cancel();
    this.#afterPoll(Math.min(dueMs - clock.nowMs(), LONGEST_TIMER_MS), () => {
      if (this.#lastActivityMs === activeMs && dueMs === silentMs) this.#finish(reason);
      else if (clock.nowMs() >= this.#endMs) this.#finish('lifetime');
      else this.#watchActivity();
    });
  }

  /** After a pause of this process timers run before the sockets are polled: setImmediate runs after that poll. */
  #afterPoll(delayMs: number, action: () => void): void {
    this.#after(delayMs, () => {
      const immediate = setImmediate(() => this.#guarded(action));
      this.#timer = { cancel: () => clearImmediate(immediate) };
    });
  }

  /** Replaces the timer: a connection has one at most. */
  #after(delayMs: number, action: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#inputs.clock.after(Math.ceil(delayMs), () => this.#guarded(action));
  }

  #finish(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#timer?.cancel();
    if (reason !== 'completed') {
      reset(this.#client);
      if (this.#backend) reset(this.#backend);
    }
    try {
      this.#inputs.handler.onClosed(this.#slot, reason);
    } catch (error) {
      this.#inputs.onFault('closing a connection', error);
    }
    this.#context.release(this.#slot);
  }

  #on(socket: Socket, event: 'data', action: (chunk: Buffer) => void): void;
  #on(socket: Socket, event: 'error', action: (error: Error) => void): void;
  #on(socket: Socket, event: 'connect' | 'drain' | 'end' | 'close', action: () => void): void;
  #on<Argument>(socket: Socket, event: string, action: (argument: Argument) => void): void {
    socket.on(event, (argument: Argument) => this.#guarded(() => action(argument)));
  }

  #guarded(action: () => void): void {
    if (this.#state === 'closed') return;
    try {
      action();
    } catch (error) {
      this.#inputs.onFault('a connection', error);
      this.#finish('internal_error');
    }
  }
}

function reset(socket: Socket): void {
  // Node's reset waits for a connect under way, and fails while the end that follows the last byte is being sent.
  const isEnding = socket.writableEnded && socket.writableLength === 0 && !socket.writableFinished;
  if (socket.connecting || isEnding) socket.destroy();
  else socket.resetAndDestroy();
}
