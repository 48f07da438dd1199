/** What is wrong with the fleet, and why, in words. Pure. */
import type { Listener } from '../../../core/model/resources.ts';
import { byName, type State, type StoredPool } from '../../../core/model/state.ts';
import { counted, few } from '../../../core/view/figures.ts';
import { type Complaint, UNREPORTED_LISTENER } from '../../../core/view/reports.ts';
import type { RegistrationStatus } from '../../store/members/merge-members.ts';
import type { FollowerStatus } from '../../store/log/log-follower.ts';
import type { FleetSummary } from './fleet-summary.ts';
import { countAvailabilities, isUp, listenersOf, type PoolBackend } from './pool-rows.ts';
import type { ProxyRow } from './proxy-rows.ts';
import { cut, type Rows } from './rows.ts';

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
  /** The page that shows more, as the fragment of its address; empty: none. */
  readonly page: string;
}

/** The worst problems, and the number of all problems by severity. */
export interface ProblemList extends Rows<Problem> {
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
}

const ORDER: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, notice: 2 };
const MAX_PROBLEMS = 30;
/** For one pool; more than that are shown as one problem. */
const MAX_PARTLY = 5;

export function problemList(problems: readonly Problem[]): ProblemList {
  const counts = { critical: 0, warning: 0, notice: 0 };
  for (const { severity } of problems) counts[severity] += 1;
  const worstFirst = [...problems].sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
  return { ...cut(worstFirst, MAX_PROBLEMS, (problem) => problem), counts };
}

/** Those that the page of a pool shows. */
export function ofPoolPage(problems: readonly Problem[], pool: string): readonly Problem[] {
  return problems.filter(({ page }) => page === `pools/${pool}`);
}

export function problemsOf(facts: Facts): readonly Problem[] {
  const { status, state, fleet, pools, proxies, registrations } = facts;
  return [
    ...ofStore(status),
    ...ofFleet(state, fleet, proxies),
    ...(state === null ? [] : byName(state.listeners).flatMap(({ value }) => ofListener(value, fleet))),
    ...(state === null ? [] : pools.flatMap(({ pool, backends }) => ofPool(pool, backends, state, fleet))),
    ...proxies.flatMap(ofProxy),
    ...ofRegistrations(registrations),
  ];
}

export function problem(
  key: string,
  severity: Severity,
  what: string,
  why: readonly string[],
  { sinceMs = null, page = '' }: { sinceMs?: number | null; page?: string } = {},
): Problem {
  return { key, severity, what, why, sinceMs, page };
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
  return [problem('no-proxy', severity, 'No proxy is connected', [why], { page: 'proxies' })];
}

function ofListener({ name, pool }: Listener, fleet: FleetSummary): readonly Problem[] {
  const { failures } = fleet.listeners.get(name) ?? UNREPORTED_LISTENER;
  if (failures.length === 0) return [];
  const what = `Listener ${name} does not accept connections on ${failures.length} of ${counted(fleet.proxies, 'proxy', 'proxies')}`;
  const why = failures.slice(0, 3).map(({ proxy, reason }) => `${proxy}: ${reason}`);
  return [problem(`listener/${name}`, 'critical', what, why, { page: `pools/${pool}` })];
}

function ofPool(
  { value: { name } }: StoredPool,
  all: readonly PoolBackend[],
  state: State,
  fleet: FleetSummary,
): readonly Problem[] {
  if (fleet.proxies === 0) return [];
  const listeners = listenersOf(name, state).map((listener) => listener.name);
  const page = `pools/${name}`;
  const clients = `New connections to ${listeners.length === 1 ? 'listener' : 'listeners'} ${few(listeners)} are closed at once.`;
  if (all.length === 0) {
    if (listeners.length === 0) return [];
    return [problem(`pool/${name}`, 'critical', `Pool ${name} has no backends`, [clients], { page })];
  }
  const down = all.filter(({ availability }) => availability === 'down');
  const partly = all.filter(({ availability }) => availability === 'partly up');
  const settling = all.some(
    ({ availability }) => availability === 'not checked yet' || availability === 'unseen',
  );
  if (!all.some(isUp) && !settling) {
    const why = [availabilitiesInWords(all), ...reasonsOf(down), ...(listeners.length > 0 ? [clients] : [])];
    const severity = listeners.length > 0 ? 'critical' : 'warning';
    const what = `Pool ${name} has no backend that takes connections`;
    return [problem(`pool/${name}`, severity, what, why, { page, sinceMs: sinceOf(down) })];
  }
  return [...ofDown(name, all.length, down), ...ofPartly(name, fleet.proxies, partly)];
}

function ofDown(pool: string, total: number, down: readonly PoolBackend[]): readonly Problem[] {
  if (down.length === 0) return [];
  const names = few(down.map(({ backend }) => backend.address));
  const what = `${down.length} of ${counted(total, 'backend')} of pool ${pool} ${down.length === 1 ? 'is' : 'are'} down: ${names}`;
  const at = { page: `pools/${pool}`, sinceMs: sinceOf(down) };
  return [problem(`pool/${pool}`, 'warning', what, reasonsOf(down), at)];
}

function ofPartly(pool: string, proxies: number, partly: readonly PoolBackend[]): readonly Problem[] {
  if (partly.length > MAX_PARTLY) {
    const what = `${partly.length} backends of pool ${pool} are down on some proxies and up on others`;
    const why = [`${few(partly.map(({ backend }) => backend.address))}.`];
    const at = { page: `pools/${pool}`, sinceMs: sinceOf(partly) };
    return [problem(`partly/${pool}`, 'warning', what, why, at)];
  }
  return partly.map((one) => {
    const { address } = one.backend;
    const bad = one.summary.complaints.filter(isBad);
    const what = `${address} of pool ${pool} is down on ${bad.length} of ${counted(proxies, 'proxy', 'proxies')} and up on others`;
    const why = bad.slice(0, 3).map(({ proxy, reason, health }) => `${proxy}: ${reason || health}`);
    const at = { page: `pools/${pool}`, sinceMs: sinceOf([one]) };
    return problem(`backend/${pool}/${address}`, 'warning', what, why, at);
  });
}

function ofProxy(proxy: ProxyRow): readonly Problem[] {
  const { id, connected, lastSeenMs, refused, revision, lag, stale } = proxy;
  const page = 'proxies';
  if (!connected) {
    const why = 'It keeps its configuration, but this control plane cannot see whether it serves.';
    const what = `Proxy ${id} is disconnected`;
    return [problem(`disconnected/${id}`, 'critical', what, [why], { page, sinceMs: lastSeenMs })];
  }
  const runs = revision === null ? 'It runs no configuration.' : `It continues to run revision ${revision}.`;
  if (refused !== '') {
    const what = `Proxy ${id} refused a revision`;
    return [problem(`refused/${id}`, 'critical', what, [refused, runs], { page })];
  }
  if (stale) {
    const what = `Proxy ${id} has no control plane to get its configuration from`;
    return [problem(`stale/${id}`, 'warning', what, [runs], { page })];
  }
  if (lag === 0) return [];
  const what = `Proxy ${id} is ${counted(lag, 'revision')} behind`;
  return [problem(`lag/${id}`, 'notice', what, [runs], { page })];
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
    return problem(`held/${pool}`, 'warning', what, why, { page: `pools/${pool}` });
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
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
