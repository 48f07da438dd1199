/**
 * What a worker remembers of each connection: typed arrays by slot, so no object per connection.
 *
 * Invariant: the arrays have their full length from the start and hold zeros, so that slots that were never used take
 * no memory.
 */
import { type ConnectionTimeouts, type FirstBytesWanted, NO_ROW } from '../engine/engine.ts';
import type { PeerAddress } from '../engine/peer-address.ts';
import { MAX_SLOTS } from '../memory/shared-memory.ts';

const NONE: readonly string[] = [];

export const SEEN = {
  /** The backend got a byte. */
  request: 1,
  /** The client got a byte. */
  answer: 2,
  /** The backend ended before the client did, and was judged for it. */
  backendEnd: 4,
} as const;

export class ConnectionSlots {
  readonly listener = new Int32Array(MAX_SLOTS);
  /** Row of the backend that is reserved for it, connected or not; or NO_ROW, as in each slot that is free. */
  readonly backend = new Int32Array(MAX_SLOTS);
  /** Row of that backend's pool. */
  readonly pool = new Int32Array(MAX_SLOTS);
  /** What has happened so far: bits of SEEN. */
  readonly seen = new Uint8Array(MAX_SLOTS);
  readonly acceptedMs = new Float64Array(MAX_SLOTS);
  /** The timeouts of its first pool; all connections of that pool share the object, unless they have lifetimes. */
  readonly timeouts: ConnectionTimeouts[] = [];
  /** Of connections that have no backend yet. */
  readonly attempts = new Map<number, ConnectAttempts>();
  /** Every open slot is below this. */
  end = 0;
  readonly #spareAttempts: ConnectAttempts[] = [];

  beginAttempts(slot: number, sourceHash: number): ConnectAttempts {
    const attempt = this.#spareAttempts.pop() ?? new ConnectAttempts();
    attempt.sourceHash = sourceHash;
    this.attempts.set(slot, attempt);
    return attempt;
  }

  /** It has a backend, or is over. */
  endAttempts(slot: number): void {
    const attempt = this.attempts.get(slot);
    if (!attempt) return;
    attempt.reset();
    this.#spareAttempts.push(attempt);
    this.attempts.delete(slot);
  }
}

/** The attempts of one connection to reach a backend. Reused: it is needed only until the connection is established. */
export class ConnectAttempts {
  sourceHash = 0;
  /** While first bytes are read: which. */
  wanted: FirstBytesWanted | null = null;
  /** Where a PROXY header is read before it is decided whether the client may connect: its own address. */
  client: PeerAddress | null = null;
  /** Who a PROXY header said that the client is, and where it connected to; null: there was none that says so. */
  announced: { readonly client: PeerAddress; readonly local: PeerAddress } | null = null;
  /** What the hello of the client said; null: it said none. */
  serverName: string | null = null;
  alpn: readonly string[] = NONE;
  /** Row of the pool that `tried` belongs to. */
  pool = 0;
  /** When the attempt under way started, or will. */
  startedMs = 0;
  /** Row of the pool for a place in which it waits, or NO_ROW; and since when. */
  waitsFor = NO_ROW;
  waitsSinceMs = 0;
  failed = 0;
  /** How often all backends had been tried, so that one was tried again. */
  repeats = 0;
  /** Backend rows: those survive a change of the plan, candidate numbers don't. */
  readonly tried: number[] = [];

  /** As new: it keeps no names of a client that is served or gone. */
  reset(): void {
    this.wanted = null;
    this.client = null;
    this.announced = null;
    this.serverName = null;
    this.alpn = NONE;
    this.failed = 0;
    this.repeats = 0;
    this.moveTo(NO_ROW);
  }

  /** Keeps copies. */
  announce(client: PeerAddress, local: PeerAddress): void {
    this.announced = { client: client.copy(), local: local.copy() };
  }

  moveTo(pool: number): void {
    this.pool = pool;
    // Nearly always empty, and then a read is cheaper than the same length again.
    if (this.tried.length > 0) this.tried.length = 0;
  }
}
