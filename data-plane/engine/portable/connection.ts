/**
 * One connection of the portable engine, from accept to close.
 *
 *   connecting ⇄ waiting (for a retry) → relaying → delivering (the last bytes of a broken side) → closed
 *
 * Invariants
 *  - the handler is called in the order that ConnectionHandler names; onClosed exactly once, as the last call;
 *  - nothing is read from the client before a backend is connected;
 *  - an exception anywhere in here resets this connection only.
 */
import type { Socket } from 'node:net';
import { ERRNO, isOutOfPorts, isShortage } from '../../kernel/errno.ts';
import { type ConnectionHandler, type ConnectionTimeouts, NO_ROW } from '../engine.ts';
import type { CloseReason } from '../../memory/close-reasons.ts';
import { DELIVERY_LOOK_MS, deliveryLimit, inactivityLimit, type InactivityLimit } from '../timeouts.ts';
import { Relay, type RelayEnd } from './relay.ts';
import { Side, type SideOwner } from './side.ts';

/** What connections need of their engine. */
export interface ConnectionContext {
  readonly handler: ConnectionHandler;
  nowMs(): number;
  setTimer(slot: number, delayMs: number): void;
  cancelTimer(slot: number): void;
  /** How many addresses there are to connect to a row from. */
  sourcesFor(row: number): number;
  /** Starts a connect to a row, from the next of them. */
  dial(row: number, owner: SideOwner): Side;
  configure(side: Side): void;
  /** Bytes that the peer of a side has not acknowledged; null when that can't be known. */
  unacknowledged(side: Side): number | null;
  onFault(where: string, error: unknown): void;
  /** Descriptors or memory ran out. */
  ranShort(errno: number): void;
  /** The slot is free again. */
  release(slot: number): void;
}

export class Connection implements SideOwner {
  readonly #context: ConnectionContext;
  readonly #slot: number;
  readonly #client: Side;
  #state: 'connecting' | 'waiting' | 'relaying' | 'delivering' | 'closed' = 'connecting';
  #row = NO_ROW;
  #sourcesLeft = 0;
  #backend: Side | null = null;
  #relay: Relay | null = null;
  #timeouts: ConnectionTimeouts = { connectMs: 0, idleMs: 0, halfClosedMs: 0 };
  #anAttemptFailed = false;
  #lastActivityMs = 0;
  #toBackend = 0;
  #toClient = 0;
  #delivery: { readonly reason: CloseReason; readonly to: Side; readonly deadlineMs: number } | null = null;

  constructor(context: ConnectionContext, slot: number, client: Socket) {
    this.#context = context;
    this.#slot = slot;
    this.#client = new Side(client, this);
  }

  start(listener: number, sourceHash: number): void {
    this.#guarded(() => {
      this.#context.configure(this.#client);
      const row = this.#context.handler.onAccept(this.#slot, listener, sourceHash);
      this.#timeouts = this.#context.handler.timeouts(this.#slot);
      this.#tryRow(row, 0);
    });
  }

  reset(reason: CloseReason): void {
    this.#finish(reason, 'reset');
  }

  /** See Engine.reconsider. */
  reconsider(): void {
    if (this.#state !== 'connecting' && this.#state !== 'waiting') return;
    this.#guarded(() => this.#attemptFailed(ERRNO.canceled));
  }

  onTimer(): void {
    this.#guarded(() => {
      if (this.#state === 'connecting') this.#checkConnect(this.#backend);
      else if (this.#state === 'waiting') this.#connect();
      else if (this.#state === 'relaying') this.#checkActivity();
      else if (this.#state === 'delivering') this.#checkDelivery();
    });
  }

  connected(side: Side): void {
    const relay = new Relay(this.#client, side, (end) => this.#relayOver(end));
    this.#relay = relay;
    this.#state = 'relaying';
    this.#context.configure(side);
    this.#context.handler.onEstablished(this.#slot);
    this.#active();
    this.#watchActivity();
    side.resume();
    this.#client.resume();
  }

  /** A shortage of our own ends the connection: no backend is blamed, and another one would help nothing. */
  connectFailed(_side: Side, errno: number): void {
    if (isOutOfPorts(errno) && this.#sourcesLeft > 0) return this.#dialAgain();
    if (!isShortage(errno)) return this.#attemptFailed(errno);
    this.#finish('internal_error', 'reset');
    this.#context.ranShort(errno);
  }

  received(side: Side, chunk: Uint8Array): boolean {
    // What is dropped keeps no connection alive.
    if (!this.#isDropped(side)) this.#active();
    const goesOn = this.#relay?.received(side, chunk) ?? false;
    if (this.#toClient === 0 && side === this.#backend) this.#tellFirstByte();
    return goesOn;
  }

  inputEnded(side: Side): void {
    this.#active();
    this.#relay?.inputEnded(side);
    if (this.#state === 'relaying') this.#watchActivity();
  }

  inputBroke(side: Side): void {
    this.#active();
    this.#relay?.inputBroke(side);
    if (this.#state === 'relaying') this.#watchActivity();
  }

  flushed(side: Side): void {
    this.#active();
    this.#account();
    this.#relay?.flushed(side);
  }

  outputEnded(): void {
    this.#relay?.outputEnded();
  }

  outputBroke(side: Side): void {
    this.#active();
    this.#relay?.outputBroke(side);
    if (this.#state === 'relaying') this.#watchActivity();
  }

  threw(error: unknown): void {
    if (this.#state === 'closed') return;
    this.#context.onFault('a connection', error);
    this.#finish('internal_error', 'reset');
  }

  #tryRow(row: number, delayMs: number): void {
    if (row === NO_ROW) {
      this.#finish(this.#anAttemptFailed ? 'connect_failed' : 'no_backend', 'reset');
      return;
    }
    this.#row = row;
    if (delayMs > 0) {
      this.#state = 'waiting';
      this.#context.setTimer(this.#slot, delayMs);
    } else {
      this.#connect();
    }
  }

  #connect(): void {
    this.#state = 'connecting';
    if (this.#timeouts.connectMs > 0) this.#context.setTimer(this.#slot, this.#timeouts.connectMs);
    this.#sourcesLeft = this.#context.sourcesFor(this.#row) - 1;
    this.#backend = this.#context.dial(this.#row, this);
  }

  /** Each source address has local ports of its own: when one is out of them, another may not be. */
  #dialAgain(): void {
    this.#sourcesLeft -= 1;
    this.#backend?.reset();
    this.#backend = this.#context.dial(this.#row, this);
  }

  #attemptFailed(errno: number): void {
    if (errno !== ERRNO.canceled) this.#anAttemptFailed = true;
    this.#context.cancelTimer(this.#slot);
    this.#backend?.reset();
    this.#backend = null;
    const { handler } = this.#context;
    const row = handler.onConnectFailed(this.#slot, errno);
    this.#tryRow(row, row === NO_ROW ? 0 : handler.retryDelayMs);
  }

  /**
   * Timers run before sockets are looked at: after a pause of this process a connect that was answered long ago would
   * fail, and its backend be taken out. setImmediate comes after the next look at the sockets.
   */
  #checkConnect(attempt: Side | null): void {
    setImmediate(() => {
      if (this.#state !== 'connecting' || this.#backend !== attempt) return;
      this.#guarded(() => this.#attemptFailed(ERRNO.timedOut));
    });
  }

  #relayOver(end: RelayEnd): void {
    if (end.type === 'completed') {
      this.#finish('completed', 'close');
      return;
    }
    const reason = end.side === this.#client ? 'client_reset' : 'backend_reset';
    if (end.type === 'broken') {
      this.#finish(reason, 'reset');
    } else if (this.#state === 'relaying') {
      const { ms } = deliveryLimit(this.#timeouts, reason);
      this.#delivery = { reason, to: end.to, deadlineMs: this.#context.nowMs() + ms };
      this.#state = 'delivering';
      this.#checkDelivery();
    }
  }

  #checkDelivery(): void {
    const delivery = this.#delivery;
    if (!delivery) return;
    const delivered = this.#context.unacknowledged(delivery.to) === 0;
    if (delivered || this.#context.nowMs() >= delivery.deadlineMs) this.#finish(delivery.reason, 'reset');
    else this.#context.setTimer(this.#slot, DELIVERY_LOOK_MS);
  }

  #isDropped(from: Side): boolean {
    return (from === this.#client ? this.#backend : this.#client)?.isOutputBroken ?? false;
  }

  #active(): void {
    this.#lastActivityMs = this.#context.nowMs();
  }

  /** The limit of inactivity that holds now. */
  #inactivityLimit(): InactivityLimit {
    const backend = this.#backend;
    if (this.#client.isReset) return deliveryLimit(this.#timeouts, 'client_reset');
    if (backend?.isReset) return deliveryLimit(this.#timeouts, 'backend_reset');
    return inactivityLimit(this.#timeouts, this.#client.isInputOver || (backend?.isInputOver ?? false));
  }

  #watchActivity(): void {
    const { ms } = this.#inactivityLimit();
    if (ms > 0) this.#context.setTimer(this.#slot, ms - (this.#context.nowMs() - this.#lastActivityMs));
    else this.#context.cancelTimer(this.#slot);
  }

  #checkActivity(): void {
    const limit = this.#inactivityLimit();
    if (limit.ms > 0 && this.#context.nowMs() - this.#lastActivityMs >= limit.ms)
      this.#finish(limit.reason, 'reset');
    else this.#watchActivity();
  }

  /** A callback of Node comes when all of a chunk was taken, which may be long after its first byte. */
  #tellFirstByte(): void {
    this.#client.count();
    this.#account();
  }

  #account(): void {
    const toBackend = this.#backend?.taken ?? 0;
    const toClient = this.#client.taken;
    if (toBackend === this.#toBackend && toClient === this.#toClient) return;
    this.#context.handler.onBytes(this.#slot, toBackend - this.#toBackend, toClient - this.#toClient);
    this.#toBackend = toBackend;
    this.#toClient = toClient;
  }

  #finish(reason: CloseReason, how: 'close' | 'reset'): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#context.cancelTimer(this.#slot);
    for (const side of [this.#client, this.#backend]) {
      if (how === 'close') side?.close();
      else side?.reset();
    }
    try {
      this.#account();
      this.#context.handler.onClosed(this.#slot, reason);
    } catch (error) {
      this.#context.onFault('closing a connection', error);
    }
    this.#context.release(this.#slot);
  }

  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.threw(error);
    }
  }
}
