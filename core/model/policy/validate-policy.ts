/** The rules for the fields of a policy: known words, and the ranges that resources.proto documents. */
import { LOG_ONE_IN } from '../defaults.ts';
import { formatDuration } from '../duration.ts';
import { LIMITS } from '../limits.ts';
import {
  HEALTH_CHECK_TYPES,
  ON_UNHEALTHY,
  type Policy,
  STRATEGIES,
  WHEN_NONE_HEALTHY,
} from '../resources.ts';
import { validateWord } from '../validate-field.ts';
import type { Violation } from '../violation.ts';
import { validateParts } from './validate-health-check.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Range {
  /** Undefined where it is left out. */
  readonly of: (policy: Policy) => number | undefined;
  readonly min: number;
  readonly max: number;
  readonly unit: 'duration' | 'count';
  /** The meaning of 0 where 0 is allowed although it is below `min`. */
  readonly zero: string | undefined;
}

const duration = (of: Range['of'], min: number, max: number, zero?: string): Range => {
  return { of, min, max, unit: 'duration', zero };
};
const count = (of: Range['of'], min: number, max: number, zero?: string): Range => {
  return { of, min, max, unit: 'count', zero };
};

/** By path of the field. */
const RANGES: Readonly<Record<string, Range>> = {
  'health_check.interval': duration((p) => p.healthCheck.intervalMs, 100, HOUR),
  'health_check.timeout': duration((p) => p.healthCheck.timeoutMs, 10, MINUTE),
  'health_check.healthy_threshold': count((p) => p.healthCheck.healthyThreshold, 1, 100),
  'health_check.unhealthy_threshold': count((p) => p.healthCheck.unhealthyThreshold, 1, 100),
  'health_check.unhealthy_interval': duration((p) => p.healthCheck.unhealthyIntervalMs, 100, HOUR),
  'health_check.port': count((p) => p.healthCheck.port, 1, 65_535),
  'connect.timeout': duration((p) => p.connect.timeoutMs, 10, 5 * MINUTE),
  'connect.retries': count((p) => p.connect.retries, 0, 10),
  'timeouts.idle': duration((p) => p.timeouts.idleMs, SECOND, 7 * DAY, 'never'),
  'timeouts.half_closed': duration((p) => p.timeouts.halfClosedMs, SECOND, HOUR, 'never'),
  'connection_log.one_in': count((p) => p.connectionLog?.oneIn ?? LOG_ONE_IN, 1, 1_000_000, 'none'),
  drain_timeout: duration((p) => p.drainTimeoutMs, 0, DAY),
  slow_start: duration((p) => p.slowStartMs, 0, HOUR),
  max_lifetime: duration((p) => p.maxLifetimeMs, SECOND, 30 * DAY, 'no end'),
  expect_healthy: count((p) => p.expectHealthy, 1, LIMITS.backends),
};

/** The range of a field, including 0 where 0 has a meaning. */
export function allowedRange(field: string): { readonly min: number; readonly max: number } {
  const range = RANGES[field];
  if (range === undefined) throw new Error(`no range is known for ${field}`);
  return { min: range.zero === undefined ? range.min : 0, max: range.max };
}

/** Every violation of a policy except that of its name; `at` is its path. */
export function validatePolicy(policy: Policy, at: string): Violation[] {
  const { strategy, healthCheck, whenNoneHealthy = 'refuse', onUnhealthy = 'keep' } = policy;
  const violations = [
    ...validateWord(`${at}.strategy`, 'strategy', strategy, STRATEGIES),
    ...validateWord(`${at}.health_check.type`, 'type of health check', healthCheck.type, HEALTH_CHECK_TYPES),
    ...validateWord(`${at}.when_none_healthy`, 'choice', whenNoneHealthy, WHEN_NONE_HEALTHY),
    ...validateWord(`${at}.on_unhealthy`, 'choice', onUnhealthy, ON_UNHEALTHY),
    ...Object.entries(RANGES).flatMap(([field, range]) => validateRange(`${at}.${field}`, range, policy)),
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

function validateRange(field: string, range: Range, policy: Policy): readonly Violation[] {
  const { min, max, unit, zero } = range;
  const value = range.of(policy);
  if (value === undefined) return [];
  const inRange = value >= min && value <= max;
  if (Number.isInteger(value) && (inRange || (value === 0 && zero !== undefined))) return [];
  const show = unit === 'duration' ? formatDuration : String;
  const isReadable = Number.isInteger(value) && value >= 0;
  const shown = isReadable ? show(value) : unit === 'duration' ? `${value}ms` : String(value);
  const kind = unit === 'duration' ? 'a whole number of milliseconds' : 'a whole number';
  const orZero = zero === undefined ? '' : `, or ${show(0)}, which means ${zero}`;
  const description = `is ${shown}; it must be ${kind} from ${show(min)} to ${show(max)}${orZero}`;
  return [{ field, description }];
}
