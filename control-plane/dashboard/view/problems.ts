/** What is wrong with the fleet, and why, in words. Pure. */
import type { Listener } from '../../../core/model/resources.ts';
import { byName, type State, type StoredPool } from '../../../core/model/state.ts';
import { counted, few, isoTimeOf } from '../../../core/view/figures.ts';
import { type ReportedCertificate, UNREPORTED_LISTENER } from '../../../core/view/reports.ts';
import type { RegistrationStatus, ResolvedName } from '../../store/members/merge-members.ts';
import type { FollowerStatus } from '../../store/log/log-follower.ts';
import type { FleetSummary } from './fleet-summary.ts';
import { ofPool } from './pool-problems.ts';
import type { PoolBackend } from './pool-rows.ts';
import { type Problem, problem } from './problem.ts';
import type { ProxyRow } from './proxy-rows.ts';

const DAY_MS = 24 * 60 * 60_000;
/** As the alert does. */
const CERTIFICATE_ENDS_DAYS = 14;

export interface Facts {
  readonly status: FollowerStatus;
  /** With the backends that registered themselves; null: not read yet. */
  readonly state: State | null;
  readonly fleet: FleetSummary;
  readonly pools: readonly { readonly pool: StoredPool; readonly backends: readonly PoolBackend[] }[];
  readonly proxies: readonly ProxyRow[];
  readonly registrations: readonly RegistrationStatus[];
  /** What the names of pools lead to. */
  readonly names: readonly ResolvedName[];
  /** Now, by the clock on the wall. */
  readonly nowMs: number;
}

export function problemsOf(facts: Facts): readonly Problem[] {
  const { status, state, fleet, pools, proxies, registrations, names, nowMs } = facts;
  return [
    ...ofStore(status),
    ...ofFleet(state, fleet, proxies),
    ...(state === null ? [] : byName(state.listeners).flatMap(({ value }) => ofListener(value, fleet))),
    ...(state === null
      ? []
      : pools.flatMap((one) => ofPool(one.pool, one.backends, { state, fleet, nowMs }))),
    ...fleet.certificates.flatMap((one) => ofCertificate(one, nowMs)),
    ...ofSameId(proxies),
    ...proxies.flatMap(ofProxy),
    ...ofRegistrations(registrations),
    ...names.flatMap(ofName),
  ];
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

/** Where there is none at all, its listener has a problem. */
function ofCertificate(certificate: ReportedCertificate, nowMs: number): readonly Problem[] {
  const { proxy, name, expiresAtMs, problem: reason } = certificate;
  if (expiresAtMs === null) return [];
  const [key, where, pages] = [`${name}/${proxy}`, `${name} on proxy ${proxy}`, [`proxies/${proxy}`]];
  const problems: Problem[] = [];
  const days = (expiresAtMs - nowMs) / DAY_MS;
  if (days < CERTIFICATE_ENDS_DAYS) {
    const what = days < 0 ? 'has expired' : `ends in ${counted(Math.floor(days), 'day')}`;
    const [severity, why] = [
      days < 0 ? 'critical' : 'warning',
      [`It is valid until ${isoTimeOf(expiresAtMs)}.`],
    ] as const;
    const cause = 'certificates end soon, or have expired';
    problems.push(
      problem(`certificate/${key}`, severity, `Certificate ${where} ${what}`, why, { pages, cause }),
    );
  }
  if (reason !== '') {
    const what = `The new file of certificate ${where} can't be used: the one before stays in use`;
    const cause = 'new certificates can not be used';
    problems.push(problem(`certificate-file/${key}`, 'warning', what, [reason], { pages, cause }));
  }
  return problems;
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

/** A name that can't be resolved keeps its last addresses, and most of them gone at once are kept for a while. */
function ofName({ answer, backends, problem: reason }: ResolvedName): readonly Problem[] {
  const { pool, name, heldUntilMs } = answer;
  const key = `name/${pool}/${name}`;
  const pages = [`pools/${pool}`];
  const problems: Problem[] = [];
  if (reason !== '') {
    const what = `The name ${name} of pool ${pool} can't be resolved in full`;
    const has = backends.length > 0 ? counted(backends.length, 'backend') : 'no backend';
    const why = [reason, `The pool has ${has} by this name.`];
    const severity = backends.length > 0 ? 'warning' : 'critical';
    problems.push(problem(key, severity, what, why, { pages, cause: "names can't be resolved" }));
  }
  if (heldUntilMs !== undefined) {
    const what = `Most addresses of the name ${name} of pool ${pool} left its answer at once`;
    const why = [
      `They are kept until ${isoTimeOf(heldUntilMs)}, and health checks decide about their traffic.`,
    ];
    problems.push(
      problem(`${key}/held`, 'warning', what, why, { pages, cause: 'names lost most addresses' }),
    );
  }
  return problems;
}
