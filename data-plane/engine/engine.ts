/**
 * The interface of engines, which move bytes. An engine owns accept, connect, relay, half-close, timers and byte counts
 * of one worker. Its ConnectionHandler decides which backend a connection goes to, and what is counted.
 *
 * A connection is identified by its slot: a small integer, assigned at accept and free again after `onClosed` has
 * returned. Nothing here throws or returns a promise: errors on the data path are errno values (docs/adr/0005).
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import type { PauseCause } from '../memory/proxy-counts.ts';
import type { PeerAddress } from './peer-address.ts';

/** Returned instead of a row when there is no backend to try. */
export const NO_ROW = -1;

/** Returned instead of a row: terminate TLS with `serverContext`, then ask `onTerminated`. */
export const TERMINATE = -4;

/** How TLS to a backend begins. */
export interface BackendTls {
  /** See OpenSslContexts. */
  readonly context: number;
  /** Where the name is that is announced, ended by a zero; 0: none. */
  readonly nameAt: number;
  /** Its certificate must be for the address of the backend. */
  readonly expectsAddress: boolean;
}

/** Milliseconds; 0 means never. */
export interface ConnectionTimeouts {
  readonly connectMs: number;
  readonly idleMs: number;
  readonly halfClosedMs: number;
  /** From when its backend is connected, whatever it does. */
  readonly lifetimeMs: number;
}

/**
 * The policy, called by an engine. For one slot the order is: onAccept, onConnectFailed any number of times,
 * onEstablished at most once, with onBytes and onBackendEnded after it, and onClosed exactly once, also when onAccept returned NO_ROW.
 */
export interface ConnectionHandler {
  /** A client was accepted. Returns the row of the backend to connect to, or NO_ROW to reset the client. */
  onAccept(slot: number, listener: number, sourceHash: number): number;
  /** The timeouts of a connection. Valid from onAccept on, and fixed for its life. */
  timeouts(slot: number): ConnectionTimeouts;
  /**
   * A connect failed (positive errno; ETIMEDOUT for the connect timeout, ECANCELED after `reconsider`). Returns the
   * row to try next, or NO_ROW. `why`: in words, where TLS failed.
   */
  onConnectFailed(slot: number, errno: number, why?: string): number;
  /** How long to wait before trying the row that onConnectFailed just returned. Mostly 0. */
  readonly retryDelayMs: number;
  /** After TERMINATE: the context of OpenSSL; 0: there is none. */
  serverContext(slot: number): number;
  /** TLS with the client is set up. Returns what onAccept may return, but for TERMINATE. */
  onTerminated(slot: number, isResumed: boolean): number;
  /** TLS with the client could not be set up; onClosed follows. */
  onTerminationFailed(slot: number, why: string): void;
  /** Of the row that it has just connected to; null: no TLS. */
  backendTls(slot: number): BackendTls | null;
  onEstablished(slot: number): void;
  /**
   * Bytes that the kernel took from us since the last call: exact once the connection is closed. Called as soon as the
   * first byte goes to the client, because the time to it is measured here; the portable engine calls it later.
   */
  onBytes(slot: number, toBackend: number, toClient: number): void;
  /**
   * The backend has ended its output, in order or by a reset, and the client has not. An engine may say so again, and
   * need not once the backend has sent a byte.
   */
  onBackendEnded(slot: number): void;
  onClosed(slot: number, reason: CloseReason): void;
}

/** The addresses of backends, read from shared memory by row (memory/shared-memory.ts). */
export interface Targets {
  /** Textual IP address. */
  host(row: number): string;
  /** The length of its IP address, in bytes. */
  ipLength(row: number): 4 | 16;
  /** Copies its IP address, in network order. */
  copyIp(row: number, into: Uint8Array, at: number): void;
  port(row: number): number;
}

/** What a worker listens on: a bound descriptor lent by the main thread, or an address where koffi does not load. */
export type ListenOn =
  | { readonly type: 'descriptor'; readonly fd: number }
  | { readonly type: 'address'; readonly host: string; readonly port: number };

export interface Engine {
  readonly name: 'portable' | 'epoll';
  /**
   * Waits for events, at most until the engine is woken through `wakeFd`, and handles them. Call it repeatedly; true: it
   * was woken. Null: this engine runs on Node's own loop.
   */
  readonly turn: (() => boolean) | null;
  /**
   * Starts accepting for a listener. Call it once for each descriptor or address. `done` gets null, or why it failed,
   * with the name of the errno.
   */
  listen(listener: number, on: ListenOn, done: (failure: string | null) => void): void;
  /** Stops accepting for a listener, once the clients that wait already are accepted. Calls `done` when it has. */
  unlisten(listener: number, done: () => void): void;
  /**
   * Cancels the current attempt, or the wait before one, and asks the handler for another row with
   * onConnectFailed(slot, ECANCELED). Ignored when the connection isn't connecting.
   */
  reconsider(slot: number): void;
  /** Stops accepting for all listeners, for good. */
  stopAccepting(): void;
  /** Resets both sides of a connection and calls onClosed with `reason`. A free slot is ignored. */
  reset(slot: number, reason: CloseReason): void;
  /** How many connections are open. */
  readonly connections: number;
  /** Stops accepting and resets all connections, for `shutdown` when no reason is given. */
  close(reason?: CloseReason): void;
}

/** Limits the connections of all workers together. Each takes two descriptors, so the limit prevents EMFILE. */
export interface ConnectionBudget {
  /** Counts one more connection of a listener. True: there is no room for another, so stop accepting for it. */
  take(listener: number): boolean;
  /** Counts one connection fewer. */
  giveBack(listener: number): void;
  /** Tells for which listeners accepting may resume now: some way below the limit, so that it doesn't stop again at once. */
  hasRoom(): (listener: number) => boolean;
}

/** Descriptors that Node does not know of, so that nothing closes them when a thread ends. 0: none. */
export interface EngineHoldings {
  /** One element. The engine never closes it. */
  readonly epoll: Int32Array;
  /** Two for each connection. The length limits how many connections there may be. */
  readonly sockets: Int32Array;
  /** Two for each pipe. The length limits how many pipes there may be. */
  readonly pipes: Int32Array;
}

/** What an engine needs. */
export interface EngineInputs {
  readonly handler: ConnectionHandler;
  readonly targets: Targets;
  readonly budget: ConnectionBudget;
  readonly clock: Clock;
  /** An eventfd that ends a wait for events, for an engine that has `turn`. */
  readonly wakeFd: number;
  /** Moves bulk through pipes inside the kernel, if the engine can. */
  readonly splice: boolean;
  /** The most bytes that all connections of this worker may keep until a slow reader takes them. */
  readonly parkingBytes: number;
  /** Where an engine records its descriptors, so that the main thread can close them when its thread dies. */
  readonly holdings: EngineHoldings;
  /** Source addresses towards backends, used in turn; none: the kernel chooses. */
  readonly sourceAddresses: readonly string[];
  /** Where an engine writes the address of a client before its onAccept, if it is needed. */
  readonly peer?: PeerAddress | undefined;
  /** Accepting was paused for `cause`, or resumes. */
  onSaturated(on: boolean, cause: PauseCause): void;
  /** A defect of ours or a failure of the system. It ended one connection at most. */
  onFault(where: string, error: unknown): void;
}

export type EngineFactory = (inputs: EngineInputs) => Engine;
