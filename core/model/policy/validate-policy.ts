/** The rules for the fields of a policy: known words, ranges, and what belongs together. */
import { formatDuration } from '../duration.ts';
import {
  HEALTH_CHECK_TYPES,
  ON_UNHEALTHY,
  type Policy,
  STRATEGIES,
  WHEN_NONE_HEALTHY,
} from '../resources.ts';
import { validateWord } from '../validate-field.ts';
import type { Violation } from '../violation.ts';
import { validateRanges } from './policy-ranges.ts';
import { validateParts } from './validate-health-check.ts';

/** Every violation of a policy except that of its name; `at` is its path. */
export function validatePolicy(policy: Policy, at: string): Violation[] {
  const { strategy, healthCheck, whenNoneHealthy = 'refuse', onUnhealthy = 'keep' } = policy;
  const violations = [
    ...validateWord(`${at}.strategy`, 'strategy', strategy, STRATEGIES),
    ...validateWord(`${at}.health_check.type`, 'type of health check', healthCheck.type, HEALTH_CHECK_TYPES),
    ...validateWord(`${at}.when_none_healthy`, 'choice', whenNoneHealthy, WHEN_NONE_HEALTHY),
    ...validateWord(`${at}.on_unhealthy`, 'choice', onUnhealthy, ON_UNHEALTHY),
    ...validateRanges(policy, at),
    ...validateParts(healthCheck, `${at}.health_check`),
  ];
  return [...violations, ...timeoutViolations(policy, `${at}.health_check`, violations)];
}

/** Two values are compared only when each of them is valid. */
function timeoutViolations(
  { healthCheck: { timeoutMs, intervalMs, unhealthyIntervalMs } }: Policy,
  at: string,
  known: readonly Violation[],
): Violation[] {
  const isValid = (name: string) => known.every(({ field }) => field !== `${at}.${name}`);
  if (!isValid('timeout')) return [];
  const intervals = { interval: intervalMs, unhealthy_interval: unhealthyIntervalMs ?? Infinity };
  const shorter = Object.entries(intervals).filter(([name, ms]) => timeoutMs > ms && isValid(name));
  return shorter.slice(0, 1).map(([name, ms]) => {
    const description = `is ${formatDuration(timeoutMs)}, longer than the ${name} of ${formatDuration(ms)}; a check must end before the next one starts`;
    return { field: `${at}.timeout`, description };
  });
}
