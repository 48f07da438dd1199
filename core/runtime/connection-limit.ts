/**
 * Who of the connections of a server may stay when there are as many as it takes. Pure: it closes nothing itself.
 *
 * Invariants
 *  - never more than `limit` connections have a place, and one that an answer is being made for keeps its own;
 *  - a newcomer gets in unless an answer is being made for every other: the one that has waited longest for its client goes.
 *    An event stream goes only when there is no other.
 */

interface Use {
  /** Requests that an answer is being made for. Several when a client sends the next before it has the first answer. */
  answering: number;
  events: boolean;
  requests: number;
}

export class ConnectionPlaces<Connection> {
  readonly #limit: number;
  readonly #maxRequests: number;
  /** Who came, or for whom an answer was made, longest ago is first. What a client sends or reads slowly does not count. */
  readonly #uses = new Map<Connection, Use>();

  constructor(limits: { readonly connections: number; readonly requestsEach: number }) {
    this.#limit = limits.connections;
    this.#maxRequests = limits.requestsEach;
  }

  /** Returns the connection to close now: none, another, or the newcomer itself. */
  enter(newcomer: Connection): Connection | null {
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

  leave(connection: Connection): void {
    this.#uses.delete(connection);
  }

  /** `last`: the connection must end with the answer to this request. */
  countRequest(connection: Connection): 'last' | 'one of many' {
    const use = this.#uses.get(connection);
    if (use === undefined) return 'last';
    use.requests += 1;
    return use.requests < this.#maxRequests ? 'one of many' : 'last';
  }

  /** The connection keeps its place for as long as the answer is being made. */
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

  /** Its answer goes on for as long as the reader stays. */
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
