/** What is wrong with the fleet, and why, in words; and problems with one cause as one group. Pure. */
import type { Listener } from '../../../core/model/resources.ts';
import { byName, type State, type StoredPool } from '../../../core/model/state.ts';
import { counted, few } from '../../../core/view/figures.ts';
import { type Complaint, UNREPORTED_LISTENER } from '../../../core/view/reports.ts';
import type { RegistrationStatus } from '../../store/members/merge-members.ts';
import type { FollowerStatus } from '../../store/log/log-follower.ts';
import type { FleetSummary } from './fleet-summary.ts';
import { countAvailabilities, inPanic, listenersOf, type PoolBackend } from './pool-rows.ts';
import type { ProxyRow } from './proxy-rows.ts';
import { cut, type Rows } from './rows.ts';

const DAY_MS = 86_400_000;

/** Critical: clients notice it. Warning: they may notice it soon. Notice: it usually passes by itself. */
type Severity = 'critical' | 'warning' | 'notice';

export interface Problem {
  /** Stays the same as long as the problem lasts. */
  readonly key: string;
  readonly severity: Severity;
  readonly what: string;
  /** A line each. */
  readonly why: readonly string[];
  readonly sinceMs: number | null;
  /** The pages that show it, as fragments of their addresses; its link leads to the first. */
  readonly pages: readonly string[];
  /** What several of them are called together, after their number: `proxies are disconnected`. */
  readonly cause: string;
}

/** The problems of one cause, with the worst severity and the earliest time among them. */
interface ProblemGroup extends Rows<Problem> {
  readonly cause: string;
  readonly severity: Severity;
  readonly count: number;
  readonly sinceMs: number | null;
}

/** The worst groups, and the number of all problems by severity. */
export interface ProblemList {
  readonly groups: Rows<ProblemGroup>;
  readonly counts: Readonly<Record<Severity, number>>;
}

export interface Facts {
  readonly status: FollowerStatus;
  /** With the backends that registered themselves; null: not read yet. */
  readonly state: State | null;
  readonly fleet: FleetSummary;
  readonly pools: readonly { readonly pool: StoredPool; readonly backends: readonly PoolBackend[] }[];
  readonly proxies: readonly ProxyRow[];
  readonly registrations: readonly RegistrationStatus[];
  /** Now, by the clock on the wall. */
  readonly nowMs: number;
}

const ORDER: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, notice: 2 };
const MAX_GROUPS = 30;
const MAX_IN_GROUP = 50;
/** For one pool; more than that are shown as one problem. */
const MAX_PARTLY = 5;

export function problemList(problems: readonly Problem[]): ProblemList {
  const counts = { critical: 0, warning: 0, notice: 0 };
  for (const { severity } of problems) counts[severity] += 1;
  const worstFirst = [...problems].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  const byCause = new Map<string, Problem[]>();
  for (const one of worstFirst) byCause.set(one.cause, [...(byCause.get(one.cause) ?? []), one]);
  const groups = cut([...byCause], MAX_GROUPS, ([cause, all]): ProblemGroup => {
    const { severity = 'notice' } = all[0] ?? {};
    const sinceMs = earliest(all.map((one) => one.sinceMs));
    return { cause, severity, count: all.length, sinceMs, ...cut(all, MAX_IN_GROUP, (one) => one) };
  });
  return { groups, counts };
}

/** Those that a page shows which is about one thing. */
export function ofPage(problems: readonly Problem[], page: string): readonly Problem[] {
  return problems.filter(({ pages }) => pages.includes(page));
}

export function problemsOf(facts: Facts): readonly Problem[] {
  const { status, state, fleet, pools, proxies, registrations, nowMs } = facts;
  return [
    ...ofStore(status),
    ...ofFleet(state, fleet, proxies),
    ...(state === null ? [] : byName(state.listeners).flatMap(({ value }) => ofListener(value, fleet))),
    ...(state === null ? [] : pools.flatMap(({ pool, backends }) => ofPool(pool, backends, state, fleet))),
    ...pools.flatMap(({ pool, backends }) => ofDrains(pool.value.name, backends, nowMs)),
    ...ofSameId(proxies),
    ...proxies.flatMap(ofProxy),
    ...ofRegistrations(registrations),
  ];
}

export function problem(
  key: string,
  severity: Severity,
  what: string,
  why: readonly string[],
  { sinceMs = null, pages = [], cause = what }: Partial<Pick<Problem, 'sinceMs' | 'pages' | 'cause'>> = {},
): Problem {
  return { key, severity, what, why, sinceMs, pages, cause };
}

function ofStore(status: FollowerStatus): readonly Problem[] {
  if (status.ready) return [];
  const why = [status.reason, 'Traffic continues. Changes are refused until the store is back.'];
  return [problem('store', 'critical', "The store can't be reached: this page shows what is in memory", why)];
}

function ofFleet(state: State | null, fleet: FleetSummary, proxies: readonly ProxyRow[]): readonly Problem[] {
  if (state === null || fleet.proxies > 0) return [];
  const why =
    proxies.length === 0
      ? 'No proxy has reported since this control plane started.'
      : 'All of them are disconnected. They keep their configuration, but this control plane cannot see whether they serve.';
  const severity = state.listeners.size > 0 ? 'critical' : 'notice';
  return [problem('no-proxy', severity, 'No proxy is connected', [why], { pages: ['proxies'] })];
}

function ofListener({ name, pool }: Listener, fleet: FleetSummary): readonly Problem[] {
  const { failures } = fleet.listeners.get(name) ?? UNREPORTED_LISTENER;
  if (failures.length === 0) return [];
  const what = `Listener ${name} does not accept connections on ${failures.length} of ${counted(fleet.proxies, 'proxy', 'proxies')}`;
  const why = failures.slice(0, 3).map(({ proxy, reason }) => `${proxy}: ${reason}`);
  const pages = [`listeners/${name}`, `pools/${pool}`, ...failures.map(({ proxy }) => `proxies/${proxy}`)];
  const cause = 'listeners do not accept connections on some proxies';
  return [problem(`listener/${name}`, 'critical', what, why, { pages, cause })];
}

function ofPool(
  { value: { name } }: StoredPool,
  all: readonly PoolBackend[],
  state: State,
  fleet: FleetSummary,
): readonly Problem[] {
  if (fleet.proxies === 0) return [];
  const listeners = listenersOf(name, state).map((listener) => listener.name);
  const pages = [`pools/${name}`];
  const clients = `New connections to ${listeners.length === 1 ? 'listener' : 'listeners'} ${few(listeners)} are closed at once.`;
  if (all.length === 0) {
    if (listeners.length === 0) return [];
    const cause = 'pools with listeners have no backends';
    return [problem(`pool/${name}`, 'critical', `Pool ${name} has no backends`, [clients], { pages, cause })];
  }
  const down = all.filter(({ availability }) => availability === 'down');
  const partly = all.filter(({ availability }) => availability === 'partly up');
  const severity = listeners.length > 0 ? 'critical' : 'warning';
  if (inPanic(all)) {
    const what = `No backend of pool ${name} is healthy: all are used`;
    const reasons = reasonsOf(down);
    const why = [
      availabilitiesInWords(all),
      ...reasons,
      'Connections are tried on every active backend (panic).',
    ];
    const cause = `pools have no healthy backend, so that all are used${because(reasons)}`;
    return [problem(`pool/${name}`, severity, what, why, { pages, sinceMs: sinceOf(down), cause })];
  }
  if (!all.some(({ backend }) => backend.state === 'active' && backend.weight > 0)) {
    const why = [availabilitiesInWords(all), ...(listeners.length > 0 ? [clients] : [])];
    const what = `Pool ${name} has no backend that takes connections`;
    const cause = 'pools have no backend that takes connections';
    return [problem(`pool/${name}`, severity, what, why, { pages, cause })];
  }
  return [...ofDown(name, all.length, down), ...ofPartly(name, fleet.proxies, partly)];
}

function ofDown(pool: string, total: number, down: readonly PoolBackend[]): readonly Problem[] {
  if (down.length === 0) return [];
  const names = few(down.map(({ backend }) => backend.address));
  const what = `${down.length} of ${counted(total, 'backend')} of pool ${pool} ${down.length === 1 ? 'is' : 'are'} down: ${names}`;
  const reasons = reasonsOf(down);
  const cause = `pools have backends that are down${because(reasons)}`;
  const at = { pages: [`pools/${pool}`], sinceMs: sinceOf(down), cause };
  return [problem(`pool/${pool}`, 'warning', what, reasons, at)];
}

function ofPartly(pool: string, proxies: number, partly: readonly PoolBackend[]): readonly Problem[] {
  if (partly.length > MAX_PARTLY) {
    const what = `${partly.length} backends of pool ${pool} are down on some proxies and up on others`;
    const why = [`${few(partly.map(({ backend }) => backend.address))}.`];
    const at = {
      pages: [`pools/${pool}`],
      sinceMs: sinceOf(partly),
      cause: 'pools have many backends that only some proxies reach',
    };
    return [problem(`partly/${pool}`, 'warning', what, why, at)];
  }
  return partly.map((one) => {
    const { address } = one.backend;
    const bad = one.summary.complaints.filter(isBad);
    const what = `${address} of pool ${pool} is down on ${bad.length} of ${counted(proxies, 'proxy', 'proxies')} and up on others`;
    const why = bad.slice(0, 3).map(({ proxy, reason, health }) => `${proxy}: ${reason || health}`);
    const cause = 'backends are down on some proxies and up on others';
    const at = { pages: [`pools/${pool}`], sinceMs: sinceOf([one]), cause };
    return problem(`backend/${pool}/${address}`, 'warning', what, why, at);
  });
}

/** One problem for all processes of an id. */
function ofSameId(proxies: readonly ProxyRow[]): readonly Problem[] {
  const byId = new Map(proxies.filter(({ sameId }) => sameId.length > 0).map((proxy) => [proxy.id, proxy]));
  return [...byId.values()].map(({ id, peer, sameId }) => {
    const what = `${sameId.length + 1} processes report as proxy ${id}: from ${few([peer, ...sameId])}`;
    const why = [
      'No change counts as live, and no backend as drained, until one is left. Give each its own --proxy-id.',
    ];
    const cause = 'proxy ids are used by several processes';
    return problem(`same-id/${id}`, 'critical', what, why, { pages: [`proxies/${id}`], cause });
  });
}

function ofProxy(proxy: ProxyRow): readonly Problem[] {
  const { id, key, connected, lastSeenMs, refused, revision, lag, stale } = proxy;
  const pages = [`proxies/${id}`];
  if (!connected) {
    const why = 'It keeps its configuration, but this control plane cannot see whether it serves.';
    const what = `Proxy ${id} is disconnected`;
    return [
      problem(`disconnected/${key}`, 'critical', what, [why], {
        pages,
        sinceMs: lastSeenMs,
        cause: 'proxies are disconnected',
      }),
    ];
  }
  const runs = revision === null ? 'It runs no configuration.' : `It continues to run revision ${revision}.`;
  if (refused !== '') {
    const what = `Proxy ${id} refused a revision`;
    const cause = `proxies refused ${refused}`;
    return [problem(`refused/${key}`, 'critical', what, [refused, runs], { pages, cause })];
  }
  if (stale) {
    const what = `Proxy ${id} has no control plane to get its configuration from`;
    const cause = 'proxies have no control plane to get their configuration from';
    return [problem(`stale/${key}`, 'warning', what, [runs], { pages, cause })];
  }
  if (lag === 0) return [];
  const what = `Proxy ${id} is ${counted(lag, 'revision')} behind`;
  return [problem(`lag/${key}`, 'notice', what, [runs], { pages, cause: 'proxies are behind' })];
}

/** A drain of more than a day is one that somebody forgot. */
function ofDrains(pool: string, all: readonly PoolBackend[], nowMs: number): readonly Problem[] {
  const forgotten = all.filter(
    ({ backend, stateSinceMs }) =>
      backend.state === 'draining' && stateSinceMs !== null && nowMs - stateSinceMs > DAY_MS,
  );
  if (forgotten.length === 0) return [];
  const names = few(forgotten.map(({ backend }) => backend.address));
  const what = `${counted(forgotten.length, 'backend')} of pool ${pool} ${forgotten.length === 1 ? 'has' : 'have'} been draining for more than a day: ${names}`;
  const why = ['A draining backend gets no new connections. Enable it, or remove it.'];
  const sinceMs = earliest(forgotten.map(({ stateSinceMs }) => stateSinceMs));
  const cause = 'pools have backends that have been draining for more than a day';
  return [problem(`drain/${pool}`, 'warning', what, why, { pages: [`pools/${pool}`], sinceMs, cause })];
}

/** Kept by the guard of registrations: when many are lost together, it may be the control plane that lost them. */
function ofRegistrations(registrations: readonly RegistrationStatus[]): readonly Problem[] {
  const held = new Map<string, string[]>();
  for (const { member } of registrations) {
    const { pool, address, state } = member.value;
    if (state === 'expiring') held.set(pool, [...(held.get(pool) ?? []), address]);
  }
  return [...held].map(([pool, addresses]) => {
    const what = `${counted(addresses.length, 'registered backend')} of pool ${pool} ${addresses.length === 1 ? 'was' : 'were'} lost together: ${few(addresses)}`;
    const why = ['They are kept for five minutes, and get connections as long as their health checks pass.'];
    const cause = 'pools have lost registered backends together';
    return problem(`held/${pool}`, 'warning', what, why, { pages: [`pools/${pool}`], cause });
  });
}

function availabilitiesInWords(all: readonly PoolBackend[]): string {
  const counts = Object.entries(countAvailabilities(all));
  const parts = counts.map(([availability, count]) => `${count} ${availability}`);
  return `Of ${counted(all.length, 'backend')}: ${parts.join(', ')}.`;
}

function isBad({ health }: Complaint): boolean {
  return health === 'unhealthy' || health === 'ejected';
}

/** The most frequent reasons, with how many backends have them. */
function reasonsOf(down: readonly PoolBackend[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const { summary } of down) {
    const reasons = new Set(summary.complaints.filter(isBad).map(({ reason, health }) => reason || health));
    for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const commonest = [...counts].sort(([, a], [, b]) => b - a).slice(0, 3);
  return commonest.map(([reason, count]) => (down.length === 1 ? reason : `${reason} (${count})`));
}

function sinceOf(backends: readonly PoolBackend[]): number | null {
  const times = backends.flatMap(({ summary }) =>
    summary.complaints.filter(isBad).map(({ sinceMs }) => sinceMs),
  );
  return earliest(times);
}

function earliest(times: readonly (number | null)[]): number | null {
  return times.reduce(
    (first, time) => (time === null || (first !== null && first < time) ? first : time),
    null,
  );
}

/** The first of the reasons, without how many backends have it. */
function because([reason]: readonly string[]): string {
  return reason === undefined ? '' : `: ${reason.replace(/ \(\d+\)$/, '')}`;
}
