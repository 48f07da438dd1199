/** Everything the page shows but traffic. Pure. */
import { formatDuration } from '../../../core/model/duration.ts';
import { emptyState } from '../../../core/model/fold.ts';
import type { Listener, Policy } from '../../../core/model/resources.ts';
import type { ProxyRecord } from '../../fleet/proxy-record.ts';
import { mergeMembers } from '../../store/members/merge-members.ts';
import type { Followed, FollowerStatus } from '../../store/log/log-follower.ts';
import { observed, type Observed, UNSEEN_LISTENER } from './observed.ts';
import { type PoolPage, poolPage, type PoolSummary, poolSummary } from './pool-rows.ts';
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
  /** The name that was asked for. */
  readonly asked: string;
  /** Null: none was asked for, or there is none of that name. */
  readonly pool: PoolPage | null;
  readonly poolProblems: ProblemList;
}

export interface ListenerRow {
  readonly name: string;
  readonly address: string;
  readonly pool: string;
  readonly connections: number;
  /** `PROXY: in words`, where its address can't be bound. */
  readonly failures: readonly string[];
}

export interface PolicyRow {
  readonly name: string;
  readonly strategy: string;
  readonly healthCheck: string;
  readonly revision: number;
}

/** What the pages of all pools share is made once; `of` adds what only one of them shows. */
export interface FleetViews {
  readonly shared: SharedView;
  /** `pool`: whose backends to show; empty: nobody's. */
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
  const seen = observed(proxies);
  const rows = proxies.map((proxy) => proxyRow(proxy, revision));
  const registrations = merged?.registrations ?? [];
  const problems = problemsOf({ status, state: followed && state, seen, proxies: rows, registrations });
  return {
    shared: {
      revision,
      storeTrouble: status.ready ? '' : status.reason,
      problems: problemList(problems),
      pools: cut(byName(state.pools), MAX_ROWS, (stored) => poolSummary(stored, state, seen)),
      listeners: cut(byName(state.listeners), MAX_ROWS, ({ value }) => listenerRow(value, seen)),
      policies: cut(byName(state.policies), MAX_ROWS, policyRow),
      proxies: cut(rows, MAX_ROWS, (row) => row),
      connected: seen.proxies,
      behind: rows.filter(({ connected, lag }) => connected && lag > 0).length,
    },
    of(pool) {
      const shown = state.pools.get(pool);
      return {
        asked: pool,
        pool: shown ? poolPage(shown, followed?.state.pools.get(pool), state, seen) : null,
        poolProblems: problemList(ofPoolPage(problems, pool)),
      };
    },
  };
}

function listenerRow({ name, address, pool }: Listener, seen: Observed): ListenerRow {
  const { connections, failures } = seen.listeners.get(name) ?? UNSEEN_LISTENER;
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
