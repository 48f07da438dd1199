/**
 * A plan: what every worker runs. build-plan.ts builds it from one snapshot, with rows of shared memory for names.
 *
 * Invariants
 *  - immutable, and cheap to send to a worker: arrays as long as the number of backends lie in shared memory;
 *  - a pool's candidates are sorted by address, so that every proxy numbers them in the same way;
 *  - a row that a plan names keeps its owner until no worker runs that plan and no connection uses the row.
 */
import type { ListenerAdmission } from '../admission/listener-admission.ts';
import type { CidrTable } from '../admission/cidr-table.ts';
import type { NamedRoute } from '../first-bytes/route-table.ts';
import type { HostTables } from '../balancing/host-tables.ts';
import type { ListenerTls, Pool, Strategy } from '../../core/model/resources.ts';

/** Instead of an index in `pools`. */
export const NO_POOL = -1;

export interface Plan {
  /** Counts the plans of this process: 1, 2, 3, ... */
  readonly sequence: number;
  /** The revision it was built from. */
  readonly revision: number;
  readonly listeners: readonly PlanListener[];
  readonly pools: readonly PlanPool[];
}

export interface PlanListener {
  /** Row in the listeners' part of shared memory. */
  readonly row: number;
  readonly name: string;
  readonly address: string;
  /** Names its sockets: binding.ts. */
  readonly binding: string;
  /** Index in `pools`; NO_POOL: its routes alone lead to pools. */
  readonly pool: number;
  /** What is read of clients before a backend is chosen; null: nothing. */
  readonly firstBytes: PlanFirstBytes | null;
  /** Who may connect; null: everybody. */
  readonly admission: ListenerAdmission | null;
  /** How it terminates TLS; null: it does not. */
  readonly tls: ListenerTls | null;
}

export interface PlanFirstBytes {
  /** The networks whose connections begin with a PROXY header; null: none. */
  readonly proxyFrom: CidrTable | null;
  /** Whether the hello of TLS is read. */
  readonly hello: boolean;
  /** Their pools are indexes, too. */
  readonly routes: readonly NamedRoute[];
  readonly timeoutMs: number;
}

export interface PlanPool {
  /** Row in the pools' part of shared memory. */
  readonly row: number;
  readonly name: string;
  readonly strategy: Strategy;
  readonly connectTimeoutMs: number;
  readonly retries: number;
  readonly idleMs: number;
  readonly halfClosedMs: number;
  /** One connection in so many has a line in the connection log; 0: none has. */
  readonly logOneIn: number;
  /** A connection ends after at most so long; 0: never. */
  readonly maxLifetimeMs: number;
  /** The header of the PROXY protocol that its backends get first; null: none. */
  readonly proxyProtocol: 'v1' | 'v2' | null;
  /** How TLS to its backends begins; null: plain TCP. */
  readonly tls: NonNullable<Pool['tls']> | null;
  /** `health_check: {type: none}`: every backend counts as up. */
  readonly alwaysUp: boolean;
  /** While no backend is healthy, nothing is eligible; otherwise all of the first tier are. */
  readonly refuses: boolean;
  /** By candidate number: row of the backend. In shared memory. */
  readonly rows: Int32Array;
  /** By candidate number: weight; 0 also for a backend that is not active. In shared memory. */
  readonly weights: Uint16Array;
  /** By candidate number: tier. In shared memory. Null: all are of tier 0. */
  readonly tiers: Uint8Array | null;
  /** By candidate number: the most connections it may have; 0: no limit. In shared memory. Null: none has a limit. */
  readonly maxConnections: Int32Array | null;
  /** Where connections wait while every candidate is full; null: nowhere, they are refused. */
  readonly queue: { readonly length: number; readonly timeoutMs: number } | null;
  /** For source_hash only. Its arrays lie in shared memory. */
  readonly hosts: HostTables | null;
}
