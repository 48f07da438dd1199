/** Everything that the page shows except rates. Pure. */
import { formatDuration } from '../../../core/model/duration.ts';
import { emptyState } from '../../../core/model/fold.ts';
import type { Listener, Policy } from '../../../core/model/resources.ts';
import { byName, type Stored } from '../../../core/model/state.ts';
import { UNREPORTED_LISTENER } from '../../../core/view/reports.ts';
import type { ProxyRecord } from '../../fleet/proxy-record.ts';
import { mergeMembers } from '../../store/members/merge-members.ts';
import type { Followed, FollowerStatus } from '../../store/log/log-follower.ts';
import { type FleetSummary, summarizeFleet } from './fleet-summary.ts';
import { backendsOf, poolPage, poolSummary } from './pool-rows.ts';
import { ofPoolPage, problemList, problemsOf } from './problems.ts';
import { proxyRow } from './proxy-rows.ts';
import { cut } from './rows.ts';

const MAX_ROWS = 200;

export type FleetViews = ReturnType<typeof fleetViews>;

/**
 * `shared` is made once for all pages; `of` adds what only the page of one pool shows. Lists are cut; counts are of
 * everything. `followed`: null before the store was read for the first time.
 */
export function fleetViews(
  followed: Followed | null,
  status: FollowerStatus,
  proxies: readonly ProxyRecord[],
) {
  const merged = followed && mergeMembers(followed.state, followed.members);
  const state = merged?.state ?? emptyState('');
  const revision = followed?.position.revision ?? null;
  const fleet = summarizeFleet(proxies);
  const pools = byName(state.pools).map((pool) => ({ pool, backends: backendsOf(pool, fleet) }));
  const rows = proxies.map((proxy) => proxyRow(proxy, revision));
  const registrations = merged?.registrations ?? [];
  const known = followed && state;
  const problems = problemsOf({ status, state: known, fleet, pools, proxies: rows, registrations });
  return {
    shared: {
      /** Null: the store was not read yet. */
      revision,
      problems: problemList(problems),
      pools: cut(pools, MAX_ROWS, ({ pool, backends }) => poolSummary(pool, state, backends)),
      listeners: cut(byName(state.listeners), MAX_ROWS, ({ value }) => listenerRow(value, fleet)),
      policies: cut(byName(state.policies), MAX_ROWS, policyRow),
      proxies: cut(rows, MAX_ROWS, (row) => row),
      connected: fleet.proxies,
      /** Connected proxies that run an older revision. */
      behind: rows.filter(({ connected, lag }) => connected && lag > 0).length,
    },
    /** `name`: of the pool whose backends are shown; empty: none. */
    of(name: string) {
      const shown = pools.find(({ pool }) => pool.value.name === name);
      const configured = followed?.state.pools.get(name);
      return {
        asked: name,
        /** Null: there is none of that name, or the page is not that of a pool. */
        pool: shown ? poolPage(shown.pool, configured, state, shown.backends) : null,
        poolProblems: problemList(ofPoolPage(problems, name)),
      };
    },
  };
}

function listenerRow({ name, address, pool }: Listener, fleet: FleetSummary) {
  const { connections, failures } = fleet.listeners.get(name) ?? UNREPORTED_LISTENER;
  return {
    name,
    address,
    pool,
    connections,
    /** Where its address can't be bound. */
    failures: failures.map(({ proxy, reason }) => `${proxy}: ${reason}`),
  };
}

function policyRow({ value: { name, strategy, healthCheck } }: Stored<Policy>) {
  const { type, intervalMs, timeoutMs } = healthCheck;
  const check = `${type} every ${formatDuration(intervalMs)}, timeout ${formatDuration(timeoutMs)}`;
  return { name, strategy, healthCheck: type === 'none' ? 'none' : check };
}
