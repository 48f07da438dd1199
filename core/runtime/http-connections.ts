/**
 * The limit of a server's connections: at the limit, a new connection replaces one that only waits for its client. Pure: it
 * names the connection to close, and closes nothing itself.
 *
 * Invariants
 *  - at most `connections` are open, and one whose answer is being made is never closed;
 *  - a new connection is refused only while answers are being made for all others. Otherwise the one that has waited
 *    longest for its client is closed; an event stream only when there is no other kind.
 */

interface Use {
  /** Requests whose answers are being made. Several when a client sends more before it has the first answer. */
  answering: number;
  events: boolean;
  requests: number;
}

export class HttpConnections<Connection> {
  readonly #limit: number;
  readonly #maxRequests: number;
  /** The one that was opened or got an answer longest ago is first. A slow client does not count as active. */
  readonly #uses = new Map<Connection, Use>();

  constructor(limits: { readonly connections: number; readonly requestsEach: number }) {
    this.#limit = limits.connections;
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
    this.#uses.set(newcomer, { answering: 0, events: false, requests: 0 });
    return closing;
  }

  closed(connection: Connection): void {
    this.#uses.delete(connection);
  }

  /** `last`: the connection must be closed after the answer to this request. */
  countRequest(connection: Connection): 'last' | 'one of many' {
    const use = this.#uses.get(connection);
    if (use === undefined) return 'last';
    use.requests += 1;
    return use.requests < this.#maxRequests ? 'one of many' : 'last';
  }

  /** The connection is not closed while the answer is being made. */
  async whileAnswering<T>(connection: Connection, answer: () => T | Promise<T>): Promise<T> {
    const use = this.#uses.get(connection);
    if (use !== undefined) use.answering += 1;
    try {
      return await answer();
    } finally {
      if (use !== undefined) use.answering -= 1;
      this.#waitsFromNow(connection);
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
    let events: Connection | null = null;
    for (const [connection, use] of this.#uses) {
      if (use.answering > 0) continue;
      if (!use.events) return connection;
      events ??= connection;
    }
    return events;
  }
}
