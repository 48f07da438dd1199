/** What the two ends of many quiet connections are asked. */

/** To echo-backend: listen at these hosts, all on one port. */
export interface EchoQuestion {
  readonly listen: readonly string[];
}

export interface EchoAnswer {
  readonly port: number;
}

export type ClientQuestion =
  /** Open so many, a byte each way on every one. */
  | { readonly do: 'open'; readonly host: string; readonly port: number; readonly count: number }
  /** A byte each way on every connection. */
  | { readonly do: 'touch' }
  /** A request a connection in turn, so many a second. */
  | { readonly do: 'ask'; readonly perSecond: number; readonly seconds: number }
  /** End all of them in order. */
  | { readonly do: 'close' };

export interface ClientAnswer {
  /** Connections, or requests, that did what was asked. */
  readonly good: number;
  readonly failed: number;
}
