/**
 * What a proxy knows of itself and of its backends at one moment: what it reports upwards, and what /metrics shows.
 * Immutable values.
 */
import type { Position } from '../../core/model/commit.ts';
import type { Health } from '../../core/model/resources.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { BackendCounts, ClosedCounts, HistogramCounts, ListenerCounts } from '../memory/counters.ts';
import type { FailedListener } from '../plan/plan-directory.ts';
import type { ProcessUsage } from './process-usage.ts';

export interface Observation {
  /** Another object exactly when something in it changed. */
  readonly applied: AppliedObservation;
  /** By POOL/ADDRESS. Removed backends stay while connections to them are open. */
  readonly backends: ReadonlyMap<string, BackendObservation>;
  /** By name. */
  readonly listeners: ReadonlyMap<string, ListenerObservation>;
  readonly workers: readonly WorkerObservation[];
  readonly process: ProcessObservation;
}

export interface AppliedObservation {
  /** What all workers run; null: nothing yet. */
  readonly running: { readonly position: Position; readonly hash: string } | null;
  readonly failedListeners: readonly FailedListener[];
  /** The newest snapshot that was refused, until a later one is applied. */
  readonly rejected: { readonly position: Position; readonly violations: readonly Violation[] } | null;
  /** `running` was read from disk, and no control plane has confirmed it since. */
  readonly fromDisk: boolean;
  /** No control plane has stood by `running` for a while. */
  readonly stale: boolean;
}

export interface BackendObservation extends Readonly<BackendCounts> {
  readonly pool: string;
  readonly address: string;
  readonly health: Health;
  readonly reason: string;
  /** When `health` became what it is; milliseconds since 1970. */
  readonly sinceMs: number;
  readonly active: number;
  /** It is no longer configured, and has connections still. */
  readonly removed: boolean;
  /** Attempts to connect that succeeded. The same array as before while nothing is added. */
  readonly connect: HistogramCounts;
  /** From accept to the first byte that the client got. The same array as before while nothing is added. */
  readonly firstByte: HistogramCounts;
}

export interface ListenerObservation extends Readonly<ListenerCounts> {
  readonly closed: Readonly<ClosedCounts>;
  readonly connect: HistogramCounts;
  readonly firstByte: HistogramCounts;
  /** From accept to close. */
  readonly duration: HistogramCounts;
}

export interface WorkerObservation {
  readonly active: number;
  readonly accepted: number;
  /** How often it was replaced. */
  readonly restarts: number;
}

export interface ProcessObservation extends ProcessUsage {
  /** New clients wait because the most connections allowed are open. */
  readonly saturated: boolean;
  readonly maxConnections: number;
}
