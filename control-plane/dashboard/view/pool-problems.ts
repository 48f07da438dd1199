/** What is wrong with the backends of a pool, and why, in words. Pure. */
import { policyOf, type State, type StoredPool } from '../../../core/model/state.ts';
import { passing } from '../../../core/view/backends.ts';
import { counted, few } from '../../../core/view/figures.ts';
import type { Complaint } from '../../../core/view/reports.ts';
import { expectation, noneHealthyText, thenText } from '../../../core/view/policy-words.ts';
import { notable, servingText } from '../../../core/view/serving.ts';
import type { FleetSummary } from './fleet-summary.ts';
import { countAvailabilities, inPanic, isUsed, listenersOf, loopOf, type PoolBackend } from './pool-rows.ts';
import { earliest, type Problem, problem } from './problem.ts';

const DAY_MS = 86_400_000;
/** For one pool; more than that are shown as one problem. */
const MAX_PARTLY = 5;

interface PoolFacts {
  readonly state: State;
  readonly fleet: FleetSummary;
  readonly nowMs: number;
}

export function ofPool(pool: StoredPool, all: readonly PoolBackend[], facts: PoolFacts): readonly Problem[] {
  const { name } = pool.value;
  const seen = facts.fleet.proxies === 0 ? [] : ofHealth(name, all, facts);
  return [...ofLoops(name, all), ...seen, ...ofDrains(name, all, facts.nowMs)];
}

function ofHealth(
  name: string,
  all: readonly PoolBackend[],
  { state, fleet }: PoolFacts,
): readonly Problem[] {
  const listeners = listenersOf(name, state).map((listener) => listener.name);
  if (all.length === 0) {
    const about = at(name, 'pools with listeners have no backends');
    return closedAtOnce(listeners).map((why) =>
      problem(`pool/${name}`, 'critical', `Pool ${name} has no backends`, [why], about),
    );
  }
  const those = all.filter((one) => loopOf(one) === undefined);
  const down = those.filter(({ availability }) => availability === 'down');
  const partly = those.filter(({ availability }) => availability === 'partly up');
  const severity = listeners.length > 0 ? 'critical' : 'warning';
  const policy = policyOf(state, name);
  const serving = fleet.serving.get(name) ?? [];
  const none = serving.find(({ noneHealthy }) => noneHealthy);
  // Proxies of earlier versions do not say so themselves.
  if (none || inPanic(all)) {
    const bad = [...down, ...partly];
    const reasons = reasonsOf(bad);
    const what = `${noneHealthyText(policy, `pool ${name}`).replace(/^n/, 'N')}${none?.where ?? ''}`;
    const cause = `pools have no backend that passes the check: ${thenText(policy)}${because(reasons)}`;
    const why = [availabilitiesInWords(all), ...reasons];
    return [problem(`pool/${name}`, severity, what, why, at(name, cause, none?.sinceMs ?? sinceOf(bad)))];
  }
  if (!all.some(isUsed)) {
    const why = [availabilitiesInWords(all), ...closedAtOnce(listeners)];
    const what = `Pool ${name} has no backend that takes connections`;
    const cause = 'pools have no backend that takes connections';
    return [problem(`pool/${name}`, severity, what, why, at(name, cause))];
  }
  const expected = expectation(policy, passing(all).length);
  if (expected) return expected.problem ? ofExpected(name, severity, expected, all) : [];
  const tiers = notable(serving).map((one) => servingText(one, policy));
  return [...ofDown(name, all.length, down, tiers), ...ofPartly(name, fleet.proxies, partly)];
}

/** What clients notice of a pool that nothing serves. */
function closedAtOnce(listeners: readonly string[]): readonly string[] {
  if (listeners.length === 0) return [];
  const word = listeners.length === 1 ? 'listener' : 'listeners';
  return [`New connections to ${word} ${few(listeners)} are closed at once.`];
}

/** Too few say so only once all were checked. */
function ofExpected(
  name: string,
  severity: Problem['severity'],
  { isFew, problem: words }: NonNullable<ReturnType<typeof expectation>>,
  all: readonly PoolBackend[],
): readonly Problem[] {
  if (isFew && all.some(({ availability }) => availability === 'not checked yet')) return [];
  const down = all.filter(({ availability }) => availability === 'down');
  const healthy = few(passing(all).map(({ backend }) => backend.address));
  const why = [`Healthy: ${healthy}.`, ...reasonsOf(down)];
  const cause = 'pools have other than the expected number of healthy backends';
  const sinceMs = isFew ? sinceOf(down) : null;
  return [problem(`pool/${name}`, severity, `Pool ${name}: ${words}`, why, at(name, cause, sinceMs))];
}

function ofDown(pool: string, total: number, down: readonly PoolBackend[], tiers: readonly string[]) {
  if (down.length === 0) return [];
  const names = few(down.map(({ backend }) => backend.address));
  const what = `${down.length} of ${counted(total, 'backend')} of pool ${pool} ${down.length === 1 ? 'is' : 'are'} down: ${names}`;
  const reasons = reasonsOf(down);
  const cause = `pools have backends that are down${because(reasons)}`;
  return [problem(`pool/${pool}`, 'warning', what, [...tiers, ...reasons], at(pool, cause, sinceOf(down)))];
}

function ofPartly(pool: string, proxies: number, partly: readonly PoolBackend[]): readonly Problem[] {
  if (partly.length > MAX_PARTLY) {
    const what = `${partly.length} backends of pool ${pool} are down on some proxies and up on others`;
    const why = [`${few(partly.map(({ backend }) => backend.address))}.`];
    const cause = 'pools have many backends that only some proxies reach';
    return [problem(`partly/${pool}`, 'warning', what, why, at(pool, cause, sinceOf(partly)))];
  }
  return partly.map((one) => {
    const { address } = one.backend;
    const bad = one.summary.complaints.filter(isBad);
    const what = `${address} of pool ${pool} is down on ${bad.length} of ${counted(proxies, 'proxy', 'proxies')} and up on others`;
    const why = bad.slice(0, 3).map(({ proxy, reason, health }) => `${proxy}: ${reason || health}`);
    const cause = 'backends are down on some proxies and up on others';
    return problem(`backend/${pool}/${address}`, 'warning', what, why, at(pool, cause, sinceOf([one])));
  });
}

function ofLoops(pool: string, all: readonly PoolBackend[]): readonly Problem[] {
  const cause = 'backends are listeners of the fleet itself, and get no connections';
  return all.flatMap((one) => {
    const reason = loopOf(one);
    if (reason === undefined) return [];
    const { address } = one.backend;
    const why = [
      'It gets no connections: each client would become thousands of them. Remove it, or change its address.',
    ];
    const what = `${address} of pool ${pool} ${reason}`;
    return [problem(`loop/${pool}/${address}`, 'critical', what, why, at(pool, cause, sinceOf([one])))];
  });
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
  return [problem(`drain/${pool}`, 'warning', what, why, at(pool, cause, sinceMs))];
}

function at(pool: string, cause: string, sinceMs: number | null = null) {
  return { pages: [`pools/${pool}`], cause, sinceMs };
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
  const first = new Map<string, string>();
  // Those that differ only in how much a server has sent are one.
  const same = (reason: string) => {
    const key = reason.replace(/ \d+ bytes/, '');
    if (!first.has(key)) first.set(key, reason);
    return first.get(key) ?? reason;
  };
  for (const { summary } of down) {
    const bad = summary.complaints.filter(isBad);
    for (const reason of new Set(bad.map(({ reason, health }) => same(reason || health))))
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
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

/** The first of the reasons, without how many backends have it. */
function because([reason]: readonly string[]): string {
  return reason === undefined ? '' : `: ${reason.replace(/ \(\d+\)$/, '')}`;
}
