/** What a test and the thread of its engine say to each other. */
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import type { FirstBytes, ListenOn } from '../../data-plane/engine/engine.ts';
import type { PauseCause } from '../../data-plane/memory/proxy-counts.ts';

export type ToHost =
  | { readonly type: 'listen'; readonly on: ListenOn }
  | { readonly type: 'unlisten' | 'stop-accepting' | 'close' | 'exit' | 'report' }
  | { readonly type: 'reset'; readonly slot: number; readonly reason: CloseReason }
  | { readonly type: 'reconsider'; readonly slot: number }
  /** Stop this thread until the gate's only element is not 0. */
  | { readonly type: 'hold'; readonly gate: Int32Array };

export type FromHost =
  | { readonly type: 'accepted'; readonly slot: number; readonly sourceHash: number }
  | { readonly type: 'failed'; readonly slot: number; readonly errno: number }
  | {
      readonly type: 'read-first';
      readonly slot: number;
      readonly what: FirstBytes['what'];
      /** The hash of the client that a PROXY header announces; null: none does. */
      readonly announced: number | null;
      readonly serverName: string | null;
      readonly alpn: readonly string[];
    }
  | { readonly type: 'established'; readonly slot: number }
  /** The first bytes that a client's kernel got. */
  | { readonly type: 'first-bytes'; readonly slot: number }
  | {
      readonly type: 'closed';
      readonly slot: number;
      readonly reason: CloseReason;
      readonly toBackend: number;
      readonly toClient: number;
    }
  /** Before any byte for the client. */
  | { readonly type: 'backend-ended'; readonly slot: number }
  | { readonly type: 'saturated'; readonly on: boolean; readonly cause: PauseCause }
  | { readonly type: 'fault'; readonly where: string; readonly what: string }
  | { readonly type: 'held' }
  | { readonly type: 'listening'; readonly failure: string | null }
  /** `secured`: sides that OpenSSL has something for. */
  | { readonly type: 'report'; readonly connections: number; readonly secured: number }
  /** The engine broke the order of calls. */
  | { readonly type: 'violation'; readonly what: string };
