/** What the subscription machine knows, hears and asks for. */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { CollectedParts, DeltaPart } from './delta-part.ts';
import type { ReplicaView } from './replica-choice.ts';

export type WithheldReason = 'replica_behind' | 'store_mismatch' | 'not_ready';

export type Link =
  | { readonly type: 'idle' }
  | { readonly type: 'waiting' }
  | { readonly type: 'connecting'; readonly replica: string }
  | { readonly type: 'subscribed'; readonly replica: string; readonly collected: CollectedParts | null }
  /** `streaming`: the stream that brought the snapshot still stands, so it gets an answer. */
  | {
      readonly type: 'applying';
      readonly replica: string;
      readonly nonce: string;
      readonly streaming: boolean;
    }
  | { readonly type: 'stopped' };

export interface Trouble {
  readonly kind: 'unreachable' | 'refused' | WithheldReason;
  readonly message: string;
}

export interface State {
  /** In the order in which they are tried. */
  readonly replicas: readonly string[];
  /** What runs. */
  readonly current: Snapshot | null;
  /** A control plane confirmed `current` since this process started. */
  readonly confirmed: boolean;
  readonly link: Link;
  /** Replicas tried in a row without success. */
  readonly failures: number;
  /** By replica: what was last said to be wrong with it, so that it is not said again at every attempt. */
  readonly troubles: ReadonlyMap<string, Trouble>;
  /** What the report streams say of each replica. */
  readonly views: ReadonlyMap<string, ReplicaView>;
  /** A move to a fresher replica waits for its moment. */
  readonly moving: boolean;
}

export type Event =
  | { readonly type: 'start' }
  /** The stream to `replica` stands. */
  | { readonly type: 'connected' }
  | { readonly type: 'part'; readonly part: DeltaPart }
  | { readonly type: 'withheld'; readonly reason: WithheldReason; readonly detail: string }
  /** Connecting failed, or the stream ended. */
  /** `refused`: the replica wants a token, or another one. */
  | {
      readonly type: 'stream-lost';
      readonly livedMs: number;
      readonly reason: string;
      readonly refused?: boolean;
    }
  /** All workers run `snapshot`, and it is on disk. */
  | { readonly type: 'applied'; readonly snapshot: Snapshot }
  /** `passing`: for a reason of this host, which may be gone at the next try. */
  | {
      readonly type: 'apply-refused';
      readonly position: Position;
      readonly violations: readonly Violation[];
      readonly passing?: boolean;
    }
  /** The moment for another try that `try-again` asked for. */
  | { readonly type: 'again-due' }
  | { readonly type: 'waited' }
  /** From a report stream; null: that stream is lost, so nothing is known any more. */
  | { readonly type: 'replica-reported'; readonly replica: string; readonly view: ReplicaView | null }
  /** The moment for a move that `move-soon` asked for. */
  | { readonly type: 'move-due' }
  /** These are the replicas from now on; names lead to others than before. */
  | { readonly type: 'replicas-changed'; readonly replicas: readonly string[] }
  | { readonly type: 'stop' };

export type Effect =
  | { readonly type: 'connect'; readonly replica: string }
  | { readonly type: 'subscribe'; readonly position: Position | null; readonly snapshotHash: string }
  | { readonly type: 'disconnect' }
  | { readonly type: 'apply'; readonly snapshot: Snapshot }
  | { readonly type: 'acknowledge'; readonly nonce: string }
  /** `nonce` is null when the stream that wanted an answer is gone. */
  | {
      readonly type: 'reject';
      readonly nonce: string | null;
      readonly position: Position;
      readonly violations: readonly Violation[];
    }
  /** A control plane confirmed what was read from disk. */
  | { readonly type: 'confirmed' }
  /** `first`: of a series. `slow`: only an operator can help. */
  | { readonly type: 'wait'; readonly first: boolean; readonly slow: boolean }
  /** Say `again-due` after a while, unless something is applied or another stream is opened before. */
  | { readonly type: 'try-again' }
  /** Say `move-due` soon, but not when all other proxies do. */
  | { readonly type: 'move-soon' }
  | { readonly type: 'say'; readonly level: 'info' | 'warn' | 'error'; readonly message: string };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}
