/** Everything that the page shows except rates. Pure. */
import { POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import { emptyState } from '../../../core/model/fold.ts';
import { type Listener, type Policy, poolsOf } from '../../../core/model/resources.ts';
import { byName, type State, type Stored, type StoredPool } from '../../../core/model/state.ts';
import { policyEffects, wholeCheckText } from '../../../core/view/policy-words.ts';
import { otherFields, plainOf } from '../../../core/view/plain.ts';
import { UNREPORTED_LISTENER } from '../../../core/view/reports.ts';
import type { ProxyRecord } from '../../fleet/proxy-record.ts';
import { mergeMembers } from '../../store/members/merge-members.ts';
import type { Followed, FollowerStatus } from '../../store/log/log-follower.ts';
import { type FleetSummary, summarizeFleet } from './fleet-summary.ts';
import { backendsOf, poolPage, poolSummary } from './pool-rows.ts';
import { ofPage, problemList } from './problem.ts';
import { problemsOf } from './problems.ts';
import { failureAt, keyOf, proxyPage, proxyRow } from './proxy-rows.ts';
import { cut, subjectOf } from './rows.ts';

/** A page searches and sorts what it has, so these are all pools, listeners and policies of the largest configuration. */
const MAX_ROWS = 2_000;

export type FleetViews = ReturnType<typeof fleetViews>;

/**
 * `shared` is made once for all pages; `of` adds what only the page of one pool, listener or proxy shows. Lists are cut; counts are of
 * everything. `followed`: null before the store was read for the first time.
 */
export function fleetViews(
  followed: Followed | null,
  status: FollowerStatus,
  proxies: readonly ProxyRecord[],
  nowMs: number,
) {
  const merged = followed && mergeMembers(followed.state, followed.members);
  const state = merged?.state ?? emptyState('');
  const revision = followed?.position.revision ?? null;
  const fleet = summarizeFleet(proxies);
  const servingAt = ({ value }: StoredPool) => fleet.serving.get(value.name) ?? [];
  const pools = byName(state.pools).map((pool) => ({ pool, backends: backendsOf(pool, fleet) }));
  const rows = proxies.map((proxy) => proxyRow(proxy, revision));
  const { registrations = [], names = [] } = merged ?? {};
  const known = followed && state;
  const problems = problemsOf({
    status,
    state: known,
    fleet,
    pools,
    proxies: rows,
    registrations,
    names,
    nowMs,
  });
  return {
    shared: {
      /** Null: the store was not read yet. */
      revision,
      problems: problemList(problems),
      pools: cut(pools, MAX_ROWS, ({ pool, backends }) =>
        poolSummary(pool, state, backends, servingAt(pool)),
      ),
      listeners: cut(byName(state.listeners), MAX_ROWS, (listener) => listenerRow(listener, fleet)),
      policies: cut(byName(state.policies), MAX_ROWS, (policy) => policyRow(policy, state)),
      proxies: cut(rows, MAX_ROWS, (row) => row),
      connected: fleet.proxies,
      /** Connected proxies that run an older revision. */
      behind: rows.filter(({ connected, lag }) => connected && lag > 0).length,
    },
    /** `page`: such as `pools/web`. */
    of(page: string) {
      const { kind, name } = subjectOf(page);
      /** Null: there is none of that name, or the page is about something else. */
      const subject = () => {
        const pool = kind === 'pools' && pools.find((one) => one.pool.value.name === name);
        if (pool) {
          const configured = followed?.state.pools.get(name);
          const own = names.filter(({ answer }) => answer.pool === name);
          const { backends } = pool;
          return poolPage(pool.pool, { configured, names: own }, state, backends, servingAt(pool.pool));
        }
        const listener = kind === 'listeners' && state.listeners.get(name);
        if (listener) {
          const fields = otherFields(plainOf(listener.value), ['name', 'address', 'pool']);
          return { ...listenerRow(listener, fleet), fields, proxies: listenerAt(name, proxies) };
        }
        const at = kind === 'proxies' ? rows.findIndex(({ id }) => id === name) : -1;
        return at === -1 ? null : proxyPage(proxies[at]!, rows[at]!);
      };
      return { asked: page, subject: subject(), pageProblems: problemList(ofPage(problems, page)) };
    },
  };
}

function listenerRow({ value, revision }: Stored<Listener>, fleet: FleetSummary) {
  const { connections, failures } = fleet.listeners.get(value.name) ?? UNREPORTED_LISTENER;
  const { name, address, pool } = value;
  return {
    name,
    address,
    pool,
    pools: poolsOf(value),
    revision,
    /** Null: no connected proxy serves it. */
    connections: fleet.listeners.has(value.name) ? connections : null,
    /** Where it can't run: the first proxy, and how many more. */
    failures: cut(failures, 1, ({ proxy, reason }) => `${proxy}: ${reason}`),
  };
}

/** How each proxy serves a listener. */
function listenerAt(name: string, proxies: readonly ProxyRecord[]) {
  return proxies.map((proxy) => ({
    id: proxy.info.id,
    key: keyOf(proxy),
    connected: proxy.connected,
    connections: proxy.connected ? (proxy.listeners.get(name)?.connectionsActive ?? null) : null,
    failure: failureAt(proxy, name),
  }));
}

const effectsOf = (policy: Policy) => policyEffects(policy).map(([label, text]) => `${label}: ${text}`);
const USUAL = effectsOf({ name: '', ...POLICY_DEFAULTS });

/** As a manifest has it, for the form of all its fields. */
function policyRow({ value, revision }: Stored<Policy>, { pools }: State) {
  const users = [...pools.values()].filter((pool) => pool.value.policy === value.name).length;
  const check = wholeCheckText(value.healthCheck);
  const effects = effectsOf(value).filter((line) => !USUAL.includes(line));
  return { ...plainOf(value), name: value.name, revision, users, check, effects };
}
