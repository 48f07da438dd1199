/** A policy in words, the same in lbctl, on the dashboard and in events. Pure. */
import { formatDuration } from '../model/duration.ts';
import { type HealthCheck, type Policy, refusesWhenNoneHealthy } from '../model/resources.ts';
import { counted } from './figures.ts';

/** `GET :8008/primary every 3s`. */
export function checkText(check: HealthCheck): string {
  const { type, intervalMs, unhealthyIntervalMs: downMs, port, http, script } = check;
  if (type === 'none') return 'none';
  const at = port === undefined ? '' : `:${port}`;
  const what = http
    ? `${type === 'https' ? 'https ' : ''}${http.method} ${at}${http.path}`
    : [type, ...(script ? [`of ${counted(script.length, 'step')}`] : []), at].filter(Boolean).join(' ');
  const down = downMs === undefined ? '' : ` (${formatDuration(downMs)} while down)`;
  return `${what} every ${formatDuration(intervalMs)}${down}`;
}

/** The same with what passes, and how often: `..., 200 passes; 2 up, 3 down`. */
export function wholeCheckText(check: HealthCheck): string {
  const { type, http, tls, healthyThreshold, unhealthyThreshold } = check;
  if (type === 'none') return 'none';
  const body = http?.body ? ` with ${JSON.stringify(http.body)}` : '';
  const passes = http ? `, ${http.status.join(' or ')}${body} passes` : '';
  const secure = tls?.verify ? ', certificate verified' : type === 'script' && tls ? ', over TLS' : '';
  return `${checkText(check)}${passes}${secure}; ${healthyThreshold} up, ${unhealthyThreshold} down`;
}

/** What follows from the fields that may be left out. */
export function policyEffects(policy: Policy): readonly (readonly [label: string, text: string])[] {
  const { onUnhealthy, slowStartMs = 0, maxLifetimeMs = 0, expectHealthy } = policy;
  return [
    ['When none is healthy', thenText(policy)],
    ['When one turns unhealthy', `its connections ${onUnhealthy === 'close' ? 'are closed' : 'stay'}`],
    ['Slow start', slowStartMs === 0 ? 'none' : `${formatDuration(slowStartMs)}, from a tenth of its share`],
    ['Longest connection', maxLifetimeMs === 0 ? 'no end' : formatDuration(maxLifetimeMs)],
    ['Healthy backends expected', String(expectHealthy ?? 'all')],
  ];
}

export function noneHealthyText(policy: Policy | undefined, pool = 'this pool'): string {
  return `no backend passes the check of ${pool}: ${thenText(policy)}`;
}

export function thenText(policy: Policy | undefined): string {
  return policy && refusesWhenNoneHealthy(policy) ? 'new connections are refused' : 'all of them are used';
}

/** Whether as many backends are healthy as the policy expects, where it says so: null where it does not. */
export function expectation(policy: Policy | undefined, healthy: number) {
  const expected = policy?.expectHealthy;
  if (expected === undefined) return null;
  const more = expected === 1 && healthy > 1 ? ': more than one server may take writes' : '';
  const words = `${healthy} ${healthy === 1 ? 'passes' : 'pass'} the check, ${expected} ${expected === 1 ? 'is' : 'are'} expected${more}`;
  return {
    text: `${healthy} of ${expected} expected`,
    isFew: healthy < expected,
    problem: healthy === expected ? null : words,
  };
}
