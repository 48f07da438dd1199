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

/** Returned instead of a row: the client is reset, for the reason that the handler's `refusal` says. */
export const NO_ROW = -1;
/** Returned instead of a row, by `onAccept` and `onFirstBytes` only: read the client's first bytes, and call `onFirstBytes`. */
export const READ_FIRST = -2;
/**
 * Returned instead of a row: there is no room now. The engine waits for `retryDelayMs` and then calls onConnectFailed with
 * ETIMEDOUT, or before that, when it is told to `reconsider`, with ECANCELED. Only where engines have `turn`: others take it
 * for NO_ROW.
 */
export const WAIT = -3;

/** Returned instead of a row, by `onAccept` and `onFirstBytes` only: terminate TLS, then ask `onTerminated`. */
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

/** The part of a handler for TLS. */
export interface TlsHandler {
  /** After TERMINATE: the context of OpenSSL; 0: there is none. */
  serverContext(slot: number): number;
  /** TLS with the client is set up. Returns a row, NO_ROW or WAIT. */
  onTerminated(slot: number, isResumed: boolean): number;
  /** TLS with a client could not be set up; onClosed follows. */
  onTerminationFailed(why: string): void;
  /** Of the backend that was just connected; null: plain TCP. */
  backendTls(slot: number): BackendTls | null;
}

/** Milliseconds; 0 means never. */
export interface ConnectionTimeouts {
  readonly connectMs: number;
  readonly idleMs: number;
  readonly halfClosedMs: number;
  /** From when its backend is connected, whatever it does. */
  readonly lifetimeMs: number;
}

/** What to read of a client before a backend is chosen. One object for all connections of a listener. */
export interface FirstBytesWanted {
  /** A header of the PROXY protocol. It is taken out of what the backend gets. */
  readonly proxyHeader: boolean;
  /** The hello of TLS, also behind the SSLRequest of PostgreSQL. It stays, and the backend gets it. */
  readonly hello: boolean;
  /** From the accept. */
  readonly timeoutMs: number;
}

/** What the client's first bytes are. One object, reused; it is valid during a call. */
export interface FirstBytes {
  /**
   * `timeout`: nothing, or less than all of it, came in time. `ended`: the client ended before. `malformed`: it can't become
   * what is wanted. `not_tls` is what a hello can turn out not to be.
   */
  readonly what: 'proxy_header' | 'hello' | 'not_tls' | 'malformed' | 'timeout' | 'ended';
  /** From a PROXY header: who the client is and where it connected to, unless the header is about the connection itself. */
  readonly client: PeerAddress;
  readonly local: PeerAddress;
  readonly isLocal: boolean;
  /** From a hello, in lower case; null: it names none. */
  readonly serverName: string | null;
  readonly alpn: readonly string[];
}

/**
 * The policy, called by an engine. For one slot the order is: onAccept, onFirstBytes as often as READ_FIRST was returned,
 * onConnectFailed any number of times, onEstablished at most once, with onBytes and onBackendEnded after it, and onClosed
 * exactly once, also when NO_ROW was returned.
 */
export interface ConnectionHandler {
  /** Left out: no side ever has TLS. */
  readonly tls?: TlsHandler;
  /** A client was accepted. Returns the row of the backend to connect to, NO_ROW, READ_FIRST or WAIT. */
  onAccept(slot: number, listener: number, client: PeerAddress): number;
  /** Valid while `onAccept` or `onFirstBytes` has just returned READ_FIRST. */
  firstBytes(slot: number): FirstBytesWanted;
  /** Returns what `onAccept` may return. */
  onFirstBytes(slot: number, found: FirstBytes): number;
  /** Why NO_ROW was just returned. */
  readonly refusal: CloseReason;
  /** The timeouts of a connection. Valid from onAccept on, and fixed for its life. */
  timeouts(slot: number): ConnectionTimeouts;
  /**
   * A connect failed (positive errno; ETIMEDOUT for the connect timeout, ECANCELED after `reconsider`). Returns the
   * row to try next, NO_ROW or WAIT. `why`: in words, where TLS failed.
   */
  onConnectFailed(slot: number, errno: number, why?: string): number;
  /** How long to wait before trying the row that onConnectFailed just returned, mostly 0; or for what WAIT asks. */
  readonly retryDelayMs: number;
  /** Whether the backend that was just connected gets something of ours before everything else. */
  hasPreface(slot: number): boolean;
  /**
   * Writes that into `into`, and returns how many bytes it is. `client` and `local` are the two ends of the client's
   * connection, without a family when they are not known any more.
   */
  preface(slot: number, client: PeerAddress, local: PeerAddress, into: Uint8Array): number;
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
  /** 0: the one that the client asked for. */
  port(row: number): number;
}

/**
 * What a worker listens on: bound descriptors lent by the main thread, one for each port from `firstPort` on, or an
 * address where koffi does not load.
 */
export type ListenOn =
  | { readonly type: 'descriptors'; readonly fds: readonly number[]; readonly firstPort: number }
  | { readonly type: 'address'; readonly host: string; readonly port: number };

export interface Engine {
  readonly name: 'portable' | 'epoll';
  /**
   * Waits for events, at most until the engine is woken through `wakeFd`, and handles them. Call it repeatedly; true: it
   * was woken. Null: this engine runs on Node's own loop.
   */
  readonly turn: (() => boolean) | null;
  /**
   * Starts accepting for a listener. `done` gets null, or why it failed, with the name of the errno; it may accept on
   * some of the descriptors then, so `unlisten` has to follow.
   */
  listen(listener: number, on: ListenOn, done: (failure: string | null) => void): void;
  /** Stops accepting for a listener, once the clients that wait already are accepted. Calls `done` when it has. */
  unlisten(listener: number, done: () => void): void;
  /**
   * Cancels the current attempt, or a wait, and asks the handler for another row with
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
  /** Accepting was paused for `cause`, or resumes. */
  onSaturated(on: boolean, cause: PauseCause): void;
  /** A defect of ours or a failure of the system. It ended one connection at most. */
  onFault(where: string, error: unknown): void;
}

export type EngineFactory = (inputs: EngineInputs) => Engine;
