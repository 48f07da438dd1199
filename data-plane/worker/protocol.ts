/** The messages between the main thread and a worker: two closed unions. Errors travel as text. */
import type { ListenOn } from '../engine/engine.ts';
import type { PauseCause } from '../memory/proxy-counts.ts';
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import type { Plan } from '../plan/plan.ts';
import type { SharedBuffers } from '../memory/shared-memory.ts';
import type { CertificateBundle } from '../tls/bundle.ts';

export type ToWorker =
  /** Terminate TLS with these from now on. Comes before the first plan that needs them; not answered. */
  | { readonly type: 'certificates'; readonly bundle: CertificateBundle }
  /** Prepare this plan; answer `prepared`. */
  | { readonly type: 'prepare'; readonly plan: Plan }
  /** Swap to the plan of this sequence number, which was prepared; answer `committed`. */
  | { readonly type: 'commit'; readonly sequence: number }
  /** Forget a prepared plan. */
  | { readonly type: 'abort'; readonly sequence: number }
  /** Accept for this listener row; answer `listening`. */
  | { readonly type: 'listen'; readonly listener: number; readonly on: ListenOn }
  /** Stop accepting for it; answer `unlistened`. Its descriptors may be closed then. */
  | { readonly type: 'unlisten'; readonly listener: number }
  /** Reset a share of the connections to a backend (0 to 1, by chance), if its row still has this generation. */
  | {
      readonly type: 'close-backend';
      readonly row: number;
      readonly generation: number;
      readonly reason: CloseReason;
      readonly share: number;
    }
  /** Stop accepting for good; answer `stopped-accepting`. */
  | { readonly type: 'stop-accepting' }
  /** Reset what is left and end the thread. */
  | { readonly type: 'exit' };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'prepared'; readonly sequence: number }
  | { readonly type: 'committed'; readonly sequence: number }
  /** `failure` is null, or a reason with the errno name. */
  | { readonly type: 'listening'; readonly listener: number; readonly failure: string | null }
  | { readonly type: 'unlistened'; readonly listener: number }
  | { readonly type: 'stopped-accepting' }
  /** What clients met took a backend out: failed connects, unless `cause` says more. Its health cell says so already. */
  | {
      readonly type: 'ejected';
      readonly row: number;
      readonly generation: number;
      readonly reason: string;
      readonly cause?: 'early_closes';
    }
  /** Accepting paused because of `cause`, or resumed. */
  | { readonly type: 'saturated'; readonly on: boolean; readonly cause: PauseCause }
  | {
      readonly type: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: Readonly<Record<string, string | number>>;
    };

/** What a worker thread is started with. */
export interface WorkerStart {
  readonly index: number;
  /** What the ids of its connections begin with. */
  readonly id: string;
  readonly engine: 'portable' | 'epoll';
  readonly buffers: SharedBuffers;
  /**
   * By worker: an eventfd that the main thread writes after each message, and any thread when the worker is to look at
   * its queues; empty where none is needed.
   */
  readonly wakeFds: readonly number[];
  /** Seeds the worker's randomness. */
  readonly seed: number;
  /** Move bulk transfers through pipes. */
  readonly splice: boolean;
  /** See EngineInputs. */
  readonly parkingBytes: number;
  /** Addresses towards backends; empty: the kernel chooses. */
  readonly sourceAddresses: readonly string[];
}
