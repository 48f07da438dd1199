/**
 * Which connections of the gRPC address stay. A connection is a stranger until a call on it was accepted that needs a token.
 * Pure: what is to be closed is handed to `close`.
 *
 * Invariants
 *  - at most `strangers` are strangers: beyond that the oldest one is closed, so that a newcomer always gets the chance to
 *    send its token;
 *  - at most `connections` are open: a newcomer replaces the oldest stranger, and is closed itself when there is none.
 */
export interface ConnectionLimits {
  readonly connections: number;
  readonly strangers: number;
}

export class GrpcConnections<Connection> {
  readonly #limits: ConnectionLimits;
  readonly #close: (connection: Connection) => void;
  /** The oldest one is first. */
  readonly #strangers = new Set<Connection>();
  readonly #accepted = new Set<Connection>();

  constructor(limits: ConnectionLimits, close: (connection: Connection) => void) {
    this.#limits = limits;
    this.#close = close;
  }

  /** All connections. */
  get size(): number {
    return this.#strangers.size + this.#accepted.size;
  }

  opened(newcomer: Connection): void {
    this.#strangers.add(newcomer);
    if (this.#strangers.size <= this.#limits.strangers && this.size <= this.#limits.connections) return;
    const [oldest = newcomer] = this.#strangers;
    this.closed(oldest);
    this.#close(oldest);
  }

  /** A call that needs a token was accepted on it. False: it is no stranger. */
  accept(connection: Connection): boolean {
    if (!this.#strangers.delete(connection)) return false;
    this.#accepted.add(connection);
    return true;
  }

  closed(connection: Connection): void {
    this.#strangers.delete(connection);
    this.#accepted.delete(connection);
  }
}
