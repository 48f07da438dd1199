/** Everything the page shows but traffic, as one value. Pure. */
import { formatDuration } from '../../../core/model/duration.ts';
import { emptyState } from '../../../core/model/fold.ts';
import type { Listener, Policy } from '../../../core/model/resources.ts';
import type { ProxyRecord } from '../../distribution/proxy-record.ts';
import { mergeMembers } from '../../snapshot/merge.ts';
import type { Followed, FollowerStatus } from '../../store/log-follower.ts';
import { observed, type Observed, UNSEEN_LISTENER } from './observed.ts';
import { type PoolPage, poolPage, type PoolSummary, poolSummary } from './pool-rows.ts';
import { type Problem, problemsOf } from './problems.ts';
import { type ProxyRow, proxyRow } from './proxy-rows.ts';
import { byName, cut, type Rows } from './rows.ts';

const MAX_ROWS = 200;
const MAX_PROBLEMS = 30;

export interface FleetView {
  /** Null: the store was not read yet. */
  readonly revision: number | null;
  /** Why the store can't be asked now; empty: it can. */
  readonly storeTrouble: string;
  readonly problems: Rows<Problem>;
  readonly pools: Rows<PoolSummary>;
  readonly listeners: Rows<ListenerRow>;
  readonly policies: Rows<PolicyRow>;
  readonly proxies: Rows<ProxyRow>;
  /** The pool that was asked for; null: none was, or there is none of that name. */
  readonly pool: PoolPage | null;
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

/** `followed`: null before the store was read for the first time. `pool`: whose backends to show; empty: nobody's. */
export function fleetView(
  followed: Followed | null,
  status: FollowerStatus,
  proxies: readonly ProxyRecord[],
  pool = '',
): FleetView {
  const merged = followed && mergeMembers(followed.state, followed.members);
  const state = merged?.state ?? emptyState('');
  const revision = followed?.position.revision ?? null;
  const seen = observed(proxies);
  const rows = proxies.map((proxy) => proxyRow(proxy, revision));
  const shown = state.pools.get(pool);
  const problems = problemsOf({
    status,
    state: followed && state,
    seen,
    proxies: rows,
    places: merged?.places ?? [],
  });
  return {
    revision,
    storeTrouble: status.ready ? '' : status.reason,
    problems: cut(problems, MAX_PROBLEMS, (problem) => problem),
    pools: cut(byName(state.pools), MAX_ROWS, (stored) => poolSummary(stored, state, seen)),
    listeners: cut(byName(state.listeners), MAX_ROWS, ({ value }) => listenerRow(value, seen)),
    policies: cut(byName(state.policies), MAX_ROWS, policyRow),
    proxies: cut(rows, MAX_ROWS, (row) => row),
    pool: shown ? poolPage(shown, followed?.state.pools.get(pool), state, seen) : null,
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
