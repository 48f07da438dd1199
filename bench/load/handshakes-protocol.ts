/** What the clients that connect with TLS are asked. */
export type HandshakesQuestion =
  | {
      readonly do: 'start';
      readonly host: string;
      readonly port: number;
      readonly path: string;
      /** How many connect at the same time. */
      readonly lanes: number;
      /** Each comes with the session of its connection before. */
      readonly resume: boolean;
    }
  | { readonly do: 'count' }
  | { readonly do: 'stop' };

/** Since the start. */
export interface HandshakesAnswer {
  readonly connections: number;
  readonly resumed: number;
  readonly failed: number;
}
