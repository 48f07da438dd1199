/**
 * What moves bytes. An engine owns accept, connect, relay, half-close, timers and byte counts of one worker; which
 * backend a connection goes to, and what is counted, is decided by the ConnectionHandler it is given.
 *
 * A connection is a slot: a small integer, given at accept and free again after `onClosed` has returned.
 * Nothing here throws or returns a promise: the data path knows errno values, not exceptions.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { CloseReason } from '../memory/close-reasons.ts';
import type { PauseCause } from '../memory/proxy-counts.ts';
import type { PeerAddress } from './peer-address.ts';

/** Returned instead of a backend's row: there is none to try. */
export const NO_ROW = -1;

/** Milliseconds; 0 means never. */
export interface ConnectionTimeouts {
  readonly connectMs: number;
  readonly idleMs: number;
  readonly halfClosedMs: number;
}

/**
 * Policy, driven by an engine. Called in this order for one slot:
 * onAccept, then onConnectFailed any number of times, then onEstablished at most once, with onBytes after it, then
 * onClosed exactly once, also when onAccept returned NO_ROW.
 */
export interface ConnectionHandler {
  /** A client was accepted. Returns the row of the backend to connect to, or NO_ROW: reset the client. */
  onAccept(slot: number, listener: number, sourceHash: number): number;
  /** Valid from onAccept on: the timeouts of this slot's connection, fixed for its life. */
  timeouts(slot: number): ConnectionTimeouts;
  /**
   * A connect failed (positive errno; ETIMEDOUT for the connect timeout, ECANCELED after `reconsider`). Returns the
   * row to try next, or NO_ROW.
   */
  onConnectFailed(slot: number, errno: number): number;
  /** How long to wait before trying the row just returned by onConnectFailed. Mostly 0. */
  readonly retryDelayMs: number;
  onEstablished(slot: number): void;
  /**
   * Bytes that the kernel took from us since the last call: exact once the connection is closed. Called at once when the
   * first byte goes to the client, though more of the same read is still to go: the time to it is measured here.
   */
  onBytes(slot: number, toBackend: number, toClient: number): void;
  onClosed(slot: number, reason: CloseReason): void;
}

/** Where backends are: read from shared memory by row (memory/shared-memory.ts). */
export interface Targets {
  /** Textual IP address. */
  host(row: number): string;
  /** How long its IP address is, in bytes. */
  ipLength(row: number): 4 | 16;
  /** Copies its IP address, in network order. */
  copyIp(row: number, into: Uint8Array, at: number): void;
  port(row: number): number;
}

/** What a worker listens on: a bound descriptor lent by the main thread, or an address where FFI can't load. */
export type ListenOn =
  | { readonly type: 'descriptor'; readonly fd: number }
  | { readonly type: 'address'; readonly host: string; readonly port: number };

export interface Engine {
  readonly name: 'portable' | 'epoll';
  /**
   * Waits for events, at most until the engine is woken through `wakeFd`, and handles them. Call it again and again;
   * true: it was woken. Null: Node's own loop drives this engine.
   */
  readonly turn: (() => boolean) | null;
  /**
   * Starts accepting for a listener; on several descriptors when it is called for each. `done` gets null, or why it
   * failed in words with the errno name.
   */
  listen(listener: number, on: ListenOn, done: (failure: string | null) => void): void;
  /** Stops accepting for a listener. Connections already accepted go on. */
  unlisten(listener: number): void;
  /**
   * Gives up the connect under way, or the wait before one, and asks the handler for another row with
   * onConnectFailed(slot, ECANCELED). Ignored when the connection isn't connecting.
   */
  reconsider(slot: number): void;
  /** Stops accepting everywhere, for good. */
  stopAccepting(): void;
  /** Resets both sides of a connection and calls onClosed with `reason`. A free slot is ignored. */
  reset(slot: number, reason: CloseReason): void;
  /** Open slots now. */
  readonly connections: number;
  /** Releases everything; connections still open are reset, with `shutdown` when no reason is given. */
  close(reason?: CloseReason): void;
}

/** How many connections all workers together may have. A connection is two descriptors: this is what prevents EMFILE. */
export interface ConnectionBudget {
  /** Counts one connection more. True when there is no room for another: stop accepting. */
  take(): boolean;
  /** Counts one fewer. */
  giveBack(): void;
  /** Whether accepting may go on after it stopped: some way below the limit, so that it doesn't flutter. */
  hasRoom(): boolean;
}

/** Descriptors that Node does not know of: nothing closes them when a thread ends. 0: none. */
export interface EngineHoldings {
  /** One element. Never closed by the engine. */
  readonly epoll: Int32Array;
  /** Two a connection; this is also how many connections there may be. */
  readonly sockets: Int32Array;
  /** Two a pipe; this is also how many pipes there may be. */
  readonly pipes: Int32Array;
}

/** What an engine is made of. */
export interface EngineInputs {
  readonly handler: ConnectionHandler;
  readonly targets: Targets;
  readonly budget: ConnectionBudget;
  readonly clock: Clock;
  /** An eventfd that ends a wait for events, when an engine waits by itself. */
  readonly wakeFd: number;
  /** Move bulk through pipes inside the kernel, where the engine can. */
  readonly splice: boolean;
  /** Where an engine writes down the descriptors it holds, for whoever outlives its thread. */
  readonly holdings: EngineHoldings;
  /** Addresses towards backends, used in turn; none: the kernel chooses. */
  readonly sourceAddresses: readonly string[];
  /** Where an engine writes down who a client is, before its onAccept; left out: nobody asks. */
  readonly peer?: PeerAddress | undefined;
  /** Accepting stopped, or goes on; `cause` says why it stopped. */
  onSaturated(on: boolean, cause: PauseCause): void;
  /** Something that is our own mistake, or the system's: one connection at most was given up for it. */
  onFault(where: string, error: unknown): void;
}

export type EngineFactory = (inputs: EngineInputs) => Engine;
