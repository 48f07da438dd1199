/**
 * What the rows of a plan are called: the plan as the main thread sees it. Health checks, metrics, reports and drain
 * deadlines speak of names and policies; workers never need them.
 *
 * Invariants: immutable; `pools` and `listeners` stand in the order of the plan's, `backends` in the order of the
 * plan pool's candidates.
 */
import type { BackendState, Policy } from '../../core/model/resources.ts';
import type { Plan } from './plan.ts';

export interface PlanDirectory {
  readonly pools: readonly DirectoryPool[];
  readonly listeners: readonly DirectoryListener[];
}

export interface DirectoryPool {
  readonly row: number;
  readonly name: string;
  readonly policy: Policy;
  readonly backends: readonly DirectoryBackend[];
}

export interface DirectoryBackend {
  readonly row: number;
  /** The row's generation: tells this backend from an earlier owner of the row. */
  readonly generation: number;
  readonly pool: string;
  /** Canonical `IP:PORT`. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** As configured: also for a backend that is not active. */
  readonly weight: number;
  readonly state: BackendState;
}

export interface DirectoryListener {
  readonly row: number;
  readonly name: string;
  /** Canonical `IP:PORT`. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
  /** Name of its pool. */
  readonly pool: string;
}

/** A listener whose address can't be bound on this host now. */
export interface FailedListener {
  readonly listener: string;
  readonly address: string;
  /** In words, with the errno name. */
  readonly reason: string;
}

/** A plan and its names, made together from one snapshot. */
export interface BuiltPlan {
  readonly plan: Plan;
  readonly directory: PlanDirectory;
}
