/**
 * Which connections of the gRPC address stay, and how many streams each may have. A connection is a stranger until a call on
 * it was accepted that needs a token. Pure: what is to be closed is handed to `close`.
 *
 * Invariants
 *  - strangers have at most `strangers` connections and streams together: beyond that the oldest one is closed, so that a
 *    newcomer always gets the chance to send its token;
 *  - at most `connections` are open: a newcomer replaces the oldest stranger, and is closed itself when there is none;
 *  - at most `streams` are open in all, and `streamsOfStranger` on the connection of a stranger.
 */
export interface ConnectionLimits {
  readonly connections: number;
  readonly strangers: number;
  readonly streamsOfStranger: number;
  readonly streams: number;
}

export class GrpcConnections<Connection> {
  readonly #limits: ConnectionLimits;
  readonly #close: (connection: Connection) => void;
  /** Open streams of each. The oldest connection is first. */
  readonly #strangers = new Map<Connection, number>();
  readonly #accepted = new Map<Connection, number>();
  #strangersStreams = 0;
  #streams = 0;

  constructor(limits: ConnectionLimits, close: (connection: Connection) => void) {
    this.#limits = limits;
    this.#close = close;
  }

  /** All connections. */
  get size(): number {
    return this.#strangers.size + this.#accepted.size;
  }

  opened(newcomer: Connection): void {
    this.#strangers.set(newcomer, 0);
    this.#makeRoom();
  }

  /** A call that needs a token was accepted on it. */
  accept(connection: Connection): void {
    const streams = this.#strangers.get(connection);
    if (streams === undefined) return;
    this.#strangers.delete(connection);
    this.#strangersStreams -= streams;
    this.#accepted.set(connection, streams);
  }

  closed(connection: Connection): void {
    const streams = this.#strangers.get(connection);
    this.#streams -= streams ?? this.#accepted.get(connection) ?? 0;
    this.#strangersStreams -= streams ?? 0;
    this.#strangers.delete(connection);
    this.#accepted.delete(connection);
  }

  /** False: the stream is one too many and must be reset. */
  streamOpened(connection: Connection): boolean {
    const { streams, streamsOfStranger } = this.#limits;
    const accepted = this.#accepted.get(connection);
    const own = accepted ?? this.#strangers.get(connection);
    if (own === undefined || this.#streams >= streams) return false;
    if (accepted === undefined && own >= streamsOfStranger) return false;
    this.#count(connection, 1);
    if (accepted === undefined) this.#makeRoom();
    return true;
  }

  streamClosed(connection: Connection): void {
    this.#count(connection, -1);
  }

  #count(connection: Connection, change: number): void {
    const isStranger = this.#strangers.has(connection);
    const counts = isStranger ? this.#strangers : this.#accepted;
    const own = counts.get(connection);
    // Its streams were forgotten together with the connection.
    if (own === undefined) return;
    counts.set(connection, own + change);
    this.#streams += change;
    if (isStranger) this.#strangersStreams += change;
  }

  #makeRoom(): void {
    const { connections, strangers } = this.#limits;
    for (const oldest of this.#strangers.keys()) {
      if (this.size <= connections && this.#strangers.size + this.#strangersStreams <= strangers) return;
      this.closed(oldest);
      this.#close(oldest);
    }
  }
}
