/** What the two ends of a bulk transfer are asked. */

/** To bulk-source: listen somewhere; each connection gets bytes as fast as it takes them. */
export interface SourceQuestion {
  readonly listen: string;
}

export interface SourceAnswer {
  readonly port: number;
}

export type SinkQuestion =
  /** Open connections and read from them. */
  | {
      readonly do: 'connect';
      readonly host: string;
      readonly port: number;
      readonly streams: number;
      readonly tls?: boolean;
    }
  | { readonly do: 'count' }
  | { readonly do: 'close' };

export interface SinkAnswer {
  /** Received since the start. */
  readonly bytes: number;
  readonly open: number;
}
