/** The state of the subscription machine, the events that it takes and the effects that it asks for. */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { CollectedParts, DeltaPart } from './delta-part.ts';
import type { ReplicaView } from './replica-choice.ts';

/** A violation that may pass without a change of the configuration: something on this host stands in the way. */
export interface TemporaryViolation extends Violation {
  readonly temporary: true;
}

export function isTemporary(violation: Violation): violation is TemporaryViolation {
  return 'temporary' in violation;
}

export type WithheldReason = 'replica_behind' | 'store_mismatch' | 'not_ready';

export type Link =
  | { readonly type: 'idle' }
  | { readonly type: 'waiting' }
  | { readonly type: 'connecting'; readonly replica: string }
  | { readonly type: 'subscribed'; readonly replica: string; readonly collected: CollectedParts | null }
  /** `streaming`: the stream that brought the snapshot is still open, so it gets an answer. */
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
  /** The snapshot that runs. */
  readonly current: Snapshot | null;
  /** A control plane confirmed `current` since this process started. */
  readonly confirmed: boolean;
  readonly link: Link;
  /** Replicas tried in a row without success. */
  readonly failures: number;
  /** By replica: the trouble that was logged last, so that it is not logged again at every attempt. */
  readonly troubles: ReadonlyMap<string, Trouble>;
  /** What each replica last reported about itself, by way of the report streams. */
  readonly views: ReadonlyMap<string, ReplicaView>;
  /** A move to a fresher replica is scheduled. */
  readonly moving: boolean;
}

export type Event =
  | { readonly type: 'start' }
  /** The stream to the replica is open. */
  | { readonly type: 'connected' }
  | { readonly type: 'part'; readonly part: DeltaPart }
  | { readonly type: 'withheld'; readonly reason: WithheldReason; readonly detail: string }
  /** Connecting failed, or the stream ended. `refused`: the replica requires a token, or another one. */
  | {
      readonly type: 'stream-lost';
      readonly livedMs: number;
      readonly reason: string;
      readonly refused?: boolean;
    }
  /** All workers run `snapshot`, and it is on disk. */
  | { readonly type: 'applied'; readonly snapshot: Snapshot }
  /** `temporary`: for a reason that may be gone at the next attempt. */
  | {
      readonly type: 'apply-refused';
      readonly position: Position;
      readonly violations: readonly Violation[];
      readonly temporary?: boolean;
    }
  /** The delay of `try-again` is over. */
  | { readonly type: 'again-due' }
  | { readonly type: 'waited' }
  /** From a report stream; null: that stream is lost, so nothing is known about the replica. */
  | { readonly type: 'replica-reported'; readonly replica: string; readonly view: ReplicaView | null }
  /** The delay of `move-soon` is over. */
  | { readonly type: 'move-due' }
  /** The names of the control planes resolve to other replicas than before. */
  | { readonly type: 'replicas-changed'; readonly replicas: readonly string[] }
  | { readonly type: 'stop' };

export type Effect =
  | { readonly type: 'connect'; readonly replica: string }
  | { readonly type: 'subscribe'; readonly position: Position | null; readonly snapshotHash: string }
  | { readonly type: 'disconnect' }
  | { readonly type: 'apply'; readonly snapshot: Snapshot }
  | { readonly type: 'acknowledge'; readonly nonce: string }
  /** `nonce` is null when the stream that the answer was for is gone. */
  | {
      readonly type: 'reject';
      readonly nonce: string | null;
      readonly position: Position;
      readonly violations: readonly Violation[];
    }
  /** A control plane confirmed the snapshot that was read from disk. */
  | { readonly type: 'confirmed' }
  /** `first`: of a series of failures. `slow`: only an operator can help. */
  | { readonly type: 'wait'; readonly first: boolean; readonly slow: boolean }
  /** Send `again-due` after a while, unless something is applied or another stream is opened before. */
  | { readonly type: 'try-again' }
  /** Send `move-due` soon, but not at the same time as all other proxies. */
  | { readonly type: 'move-soon' }
  | { readonly type: 'log'; readonly level: 'info' | 'warn' | 'error'; readonly message: string };

export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}
