/** Everything that the page shows except rates. Pure. */
import { formatDuration } from '../../../core/model/duration.ts';
import { emptyState } from '../../../core/model/fold.ts';
import type { Listener, Policy } from '../../../core/model/resources.ts';
import { UNREPORTED_LISTENER } from '../../../core/view/reports.ts';
import type { ProxyRecord } from '../../fleet/proxy-record.ts';
import { mergeMembers } from '../../store/members/merge-members.ts';
import type { Followed, FollowerStatus } from '../../store/log/log-follower.ts';
import { type FleetSummary, summarizeFleet } from './fleet-summary.ts';
import { backendsOf, type PoolPage, poolPage, type PoolSummary, poolSummary } from './pool-rows.ts';
import { ofPoolPage, type ProblemList, problemList, problemsOf } from './problems.ts';
import { type ProxyRow, proxyRow } from './proxy-rows.ts';
import { byName, cut, type Rows } from './rows.ts';

const MAX_ROWS = 200;

/** Lists are cut; counts are of everything. */
export interface SharedView {
  /** Null: the store was not read yet. */
  readonly revision: number | null;
  /** Why the store can't be asked now; empty: it can. */
  readonly storeTrouble: string;
  readonly problems: ProblemList;
  readonly pools: Rows<PoolSummary>;
  readonly listeners: Rows<ListenerRow>;
  readonly policies: Rows<PolicyRow>;
  readonly proxies: Rows<ProxyRow>;
  /** Proxies that are connected, and those of them that run an older revision. */
  readonly connected: number;
  readonly behind: number;
}

export interface PoolView {
  /** The name in the request. */
  readonly asked: string;
  /** Null: there is none of that name, or the page is not that of a pool. */
  readonly pool: PoolPage | null;
  readonly poolProblems: ProblemList;
}

export interface ListenerRow {
  readonly name: string;
  readonly address: string;
  readonly pool: string;
  readonly connections: number;
  /** `PROXY: reason`, where its address can't be bound. */
  readonly failures: readonly string[];
}

export interface PolicyRow {
  readonly name: string;
  readonly strategy: string;
  readonly healthCheck: string;
  readonly revision: number;
}

/** `shared` is made once for all pages; `of` adds what only the page of one pool shows. */
export interface FleetViews {
  readonly shared: SharedView;
  /** `pool`: the one whose backends are shown; empty: none. */
  of(pool: string): PoolView;
}

/** `followed`: null before the store was read for the first time. */
export function fleetViews(
  followed: Followed | null,
  status: FollowerStatus,
  proxies: readonly ProxyRecord[],
): FleetViews {
  const merged = followed && mergeMembers(followed.state, followed.members);
  const state = merged?.state ?? emptyState('');
  const revision = followed?.position.revision ?? null;
  const fleet = summarizeFleet(proxies);
  const pools = byName(state.pools).map((pool) => ({ pool, backends: backendsOf(pool, fleet) }));
  const rows = proxies.map((proxy) => proxyRow(proxy, revision));
  const registrations = merged?.registrations ?? [];
  const problems = problemsOf({
    status,
    state: followed && state,
    fleet,
    pools,
    proxies: rows,
    registrations,
  });
  return {
    shared: {
      revision,
      storeTrouble: status.ready ? '' : status.reason,
      problems: problemList(problems),
      pools: cut(pools, MAX_ROWS, ({ pool, backends }) => poolSummary(pool, state, backends)),
      listeners: cut(byName(state.listeners), MAX_ROWS, ({ value }) => listenerRow(value, fleet)),
      policies: cut(byName(state.policies), MAX_ROWS, policyRow),
      proxies: cut(rows, MAX_ROWS, (row) => row),
      connected: fleet.proxies,
      behind: rows.filter(({ connected, lag }) => connected && lag > 0).length,
    },
    of(name) {
      const shown = pools.find(({ pool }) => pool.value.name === name);
      const configured = followed?.state.pools.get(name);
      return {
        asked: name,
        pool: shown ? poolPage(shown.pool, configured, state, shown.backends) : null,
        poolProblems: problemList(ofPoolPage(problems, name)),
      };
    },
  };
}

function listenerRow({ name, address, pool }: Listener, fleet: FleetSummary): ListenerRow {
  const { connections, failures } = fleet.listeners.get(name) ?? UNREPORTED_LISTENER;
  return {
    name,
    address,
    pool,
    connections,
    failures: failures.map(({ proxy, reason }) => `${proxy}: ${reason}`),
  };
}

function policyRow({ value, revision }: { readonly value: Policy; readonly revision: number }): PolicyRow {
  const { name, strategy, healthCheck } = value;
  const { type, intervalMs, timeoutMs } = healthCheck;
  const words = `${type} every ${formatDuration(intervalMs)}, timeout ${formatDuration(timeoutMs)}`;
  return { name, strategy, healthCheck: type === 'none' ? 'none' : words, revision };
}
