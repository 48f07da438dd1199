/** The state of a proxy and of its backends at one moment, as reports and /metrics show it. Immutable values. */
import type { Health } from '../../core/model/resources.ts';
import type { BackendCounts, ClosedCounts, HistogramCounts, ListenerCounts } from '../memory/counters.ts';
import type { AppliedConfig } from '../subscription/config-status.ts';
import type { ProcessUsage } from './process-usage.ts';

export interface Observation {
  /** A new object exactly when something in it changed. */
  readonly applied: AppliedConfig;
  /** By POOL/ADDRESS. Removed backends stay while connections to them are open. */
  readonly backends: ReadonlyMap<string, BackendObservation>;
  /** By name. */
  readonly listeners: ReadonlyMap<string, ListenerObservation>;
  /** By name; only those that have several tiers, or nothing healthy. */
  readonly pools: ReadonlyMap<string, PoolObservation>;
  /** By pool: connections that wait for a place at a backend, where any do. */
  readonly waiting: ReadonlyMap<string, number>;
  readonly workers: readonly WorkerObservation[];
  readonly process: ProcessObservation;
}

export interface BackendObservation extends Readonly<BackendCounts> {
  readonly pool: string;
  readonly address: string;
  readonly health: Health;
  readonly reason: string;
  /** When `health` became what it is; milliseconds since 1970. */
  readonly sinceMs: number;
  readonly active: number;
  /** It is no longer configured, but still has connections. */
  readonly removed: boolean;
  /** Successful attempts. The same array as before while nothing is added. */
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

interface PoolObservation {
  readonly noneHealthy: boolean;
  readonly servingTier: number;
  /** When these became what they are; milliseconds since 1970. */
  readonly servingSinceMs: number;
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
