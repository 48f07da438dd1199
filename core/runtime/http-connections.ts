/**
 * The limit of a server's connections: at the limit, a new connection replaces one that only waits for its client. Pure: it
 * names the connection to close, and closes nothing itself.
 *
 * Invariants
 *  - at most `connections` are open, and one that makes a change is never closed;
 *  - a new connection is refused only while all others make changes. Otherwise the one that has waited longest for its
 *    client is closed; when there is none, the one that was answered longest ago, and an event stream last;
 *  - a client that sends `pipelined` requests without waiting for an answer loses its connection.
 */

interface Use {
  /** Requests without an answer yet. Several when a client sends more before it has the first answer. */
  open: number;
  /** Changes that are being made. */
  changing: number;
  events: boolean;
  requests: number;
}

export class HttpConnections<Connection> {
  readonly #limit: number;
  readonly #maxRequests: number;
  readonly #maxPipelined: number;
  /** The one that was opened or got an answer longest ago is first. A slow client does not count as active. */
  readonly #uses = new Map<Connection, Use>();

  constructor(limits: {
    readonly connections: number;
    readonly requestsEach: number;
    readonly pipelined: number;
  }) {
    this.#limit = limits.connections;
    this.#maxPipelined = limits.pipelined;
    this.#maxRequests = limits.requestsEach;
  }

  /** Returns the connection to close now: none, another, or the new one itself. */
  opened(newcomer: Connection): Connection | null {
    let closing: Connection | null = null;
    if (this.#uses.size >= this.#limit) {
      const longest = this.#longestWaiting();
      if (longest === null) return newcomer;
      this.#uses.delete(longest);
      closing = longest;
    }
    this.#uses.set(newcomer, { open: 0, changing: 0, events: false, requests: 0 });
    return closing;
  }

  closed(connection: Connection): void {
    this.#uses.delete(connection);
  }

  /** `last`: the connection must be closed after the answer to this request. `too many`: it must be closed now. */
  requestBegins(connection: Connection): 'last' | 'one of many' | 'too many' {
    const use = this.#uses.get(connection);
    if (use === undefined || use.open >= this.#maxPipelined) return 'too many';
    use.requests += 1;
    use.open += 1;
    return use.requests < this.#maxRequests ? 'one of many' : 'last';
  }

  /** The client has the answer. */
  requestEnds(connection: Connection): void {
    const use = this.#uses.get(connection);
    if (use !== undefined) use.open -= 1;
    this.#waitsFromNow(connection);
  }

  /** The connection is not closed while the change is being made. */
  async whileChanging<T>(connection: Connection, change: () => T | Promise<T>): Promise<T> {
    const use = this.#uses.get(connection);
    if (use !== undefined) use.changing += 1;
    try {
      return await change();
    } finally {
      if (use !== undefined) use.changing -= 1;
    }
  }

  /** From now on the connection is an event stream, which lasts as long as its reader stays. */
  eventsBegin(connection: Connection): void {
    const use = this.#uses.get(connection);
    if (use !== undefined) use.events = true;
  }

  eventsEnd(connection: Connection): void {
    const use = this.#uses.get(connection);
    if (use !== undefined) use.events = false;
    this.#waitsFromNow(connection);
  }

  #waitsFromNow(connection: Connection): void {
    const use = this.#uses.get(connection);
    if (use === undefined) return;
    this.#uses.delete(connection);
    this.#uses.set(connection, use);
  }

  #longestWaiting(): Connection | null {
    let best: Connection | null = null;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const [connection, { changing, events, open }] of this.#uses) {
      if (changing > 0) continue;
      const rank = events ? 2 : Math.min(open, 1);
      if (rank === 0) return connection;
      if (rank < bestRank) [best, bestRank] = [connection, rank];
    }
    return best;
  }
}
