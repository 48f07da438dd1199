/** What the metrics of a proxy are made of. */
import type { Policy } from '../../core/model/resources.ts';
import type { ProxyCounts } from '../memory/proxy-counts.ts';
import type { ConnectionLogReadings } from './connection-log.ts';
import type { Observation } from './observation.ts';
import type { TrafficTotals } from './observer.ts';

export interface PoolReadings {
  readonly noneHealthy: boolean;
  readonly servingTier: number;
  readonly policy: Policy;
  /** By result: health checks that have ended. */
  readonly checks: Readonly<Record<string, number>>;
}

/** Everything that /metrics shows, read at one moment, except the totals of backends, which are read in slices. */
export interface ProxyReadings extends TrafficTotals {
  readonly observation: Observation;
  readonly counts: ProxyCounts;
  /** Null: the log is off. */
  readonly connectionLog: ConnectionLogReadings | null;
  /** By pool, for all pools. */
  readonly pools: ReadonlyMap<string, PoolReadings>;
  /** How many backends lead back to a listener. */
  readonly leadingBack: number;
  readonly connected: boolean;
  /** Time since a control plane last confirmed the running configuration; null: nothing runs. */
  readonly configAgeSeconds: number | null;
  readonly isStateDirWritable: boolean;
  readonly build: { readonly version: string; readonly engine: string };
}
