/**
 * The names and policies behind the rows of a plan. The main thread needs them for health checks, metrics, reports and
 * drain deadlines; workers never do.
 *
 * Invariants: immutable; `pools` and `listeners` have the order of the plan's, `backends` the order of the plan pool's
 * candidates.
 */
import type { BackendState, Listener, Policy } from '../../core/model/resources.ts';
import type { Plan, PlanPool } from './plan.ts';

export interface PlanDirectory {
  readonly pools: readonly DirectoryPool[];
  readonly listeners: readonly DirectoryListener[];
  /** Addresses of backends that are listeners of this proxy itself. Nearly always empty. */
  readonly ownBackends: readonly string[];
}

export interface DirectoryPool {
  readonly row: number;
  readonly name: string;
  readonly policy: Policy;
  /** The PROXY header that its backends get; left out: none. */
  readonly proxyProtocol?: 'v1' | 'v2' | undefined;
  readonly queue: PlanPool['queue'];
  readonly tls: PlanPool['tls'];
  readonly backends: readonly DirectoryBackend[];
}

export interface DirectoryBackend {
  readonly row: number;
  /** The row's generation, which differs from that of earlier owners of the row. */
  readonly generation: number;
  readonly pool: string;
  /** Canonical `IP:PORT`, or an IP address alone. */
  readonly address: string;
  readonly host: string;
  /** 0: the one that the client asked for. */
  readonly port: number;
  /** As configured, even for a backend that is not active. */
  readonly weight: number;
  readonly tier: number;
  /** 0: no limit. */
  readonly maxConnections: number;
  readonly state: BackendState;
  /** Why it leads back to a listener, in words, and so gets no connections; null: it does not. */
  readonly leadsBack: string | null;
}

/** Of weight 0 it may still be. */
export function takesConnections({ state, leadsBack }: DirectoryBackend): boolean {
  return state === 'active' && leadsBack === null;
}

export interface DirectoryListener {
  readonly row: number;
  readonly name: string;
  /** Canonical `IP:PORT`, or a range of ports `IP:FIRST-LAST`. */
  readonly address: string;
  readonly host: string;
  /** The first one of a range. */
  readonly port: number;
  readonly resource: Listener;
}

/** A listener that this proxy can't run now: its address can't be bound, or something that it needs is not there. */
export interface FailedListener {
  readonly listener: string;
  readonly address: string;
  /** In words; of an address with the errno name. */
  readonly reason: string;
}

/** A plan and its names, built together from one snapshot. */
export interface BuiltPlan {
  readonly plan: Plan;
  readonly directory: PlanDirectory;
}
