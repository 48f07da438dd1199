/** The rules for the fields of a policy: known words, and the ranges that resources.proto documents. */
import { LOG_ONE_IN } from './defaults.ts';
import { formatDuration } from './duration.ts';
import { didYouMean } from './nearest.ts';
import { HEALTH_CHECK_TYPES, type Policy, STRATEGIES } from './resources.ts';
import type { Violation } from './violation.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

interface Range {
  readonly field: string;
  readonly of: (policy: Policy) => number;
  readonly min: number;
  readonly max: number;
  readonly unit: 'duration' | 'count';
  /** The meaning of 0 where 0 is allowed although it is below `min`. */
  readonly zero?: string;
}

const RANGES: readonly Range[] = [
  {
    field: 'health_check.interval',
    of: (p) => p.healthCheck.intervalMs,
    min: 100,
    max: HOUR,
    unit: 'duration',
  },
  {
    field: 'health_check.timeout',
    of: (p) => p.healthCheck.timeoutMs,
    min: 10,
    max: MINUTE,
    unit: 'duration',
  },
  {
    field: 'health_check.healthy_threshold',
    of: (p) => p.healthCheck.healthyThreshold,
    min: 1,
    max: 100,
    unit: 'count',
  },
  {
    field: 'health_check.unhealthy_threshold',
    of: (p) => p.healthCheck.unhealthyThreshold,
    min: 1,
    max: 100,
    unit: 'count',
  },
  { field: 'connect.timeout', of: (p) => p.connect.timeoutMs, min: 10, max: 5 * MINUTE, unit: 'duration' },
  { field: 'connect.retries', of: (p) => p.connect.retries, min: 0, max: 10, unit: 'count' },
  {
    field: 'timeouts.idle',
    of: (p) => p.timeouts.idleMs,
    min: SECOND,
    max: 7 * DAY,
    unit: 'duration',
    zero: 'never',
  },
  {
    field: 'timeouts.half_closed',
    of: (p) => p.timeouts.halfClosedMs,
    min: SECOND,
    max: HOUR,
    unit: 'duration',
    zero: 'never',
  },
  {
    field: 'connection_log.one_in',
    of: (p) => p.connectionLog?.oneIn ?? LOG_ONE_IN,
    min: 1,
    max: 1_000_000,
    unit: 'count',
    zero: 'none',
  },
  { field: 'drain_timeout', of: (p) => p.drainTimeoutMs, min: 0, max: DAY, unit: 'duration' },
];

/** The range of a field, including 0 where 0 has a meaning. */
export function allowedRange(field: string): { readonly min: number; readonly max: number } {
  const range = RANGES.find((one) => one.field === field);
  if (range === undefined) throw new Error(`no range is known for ${field}`);
  return { min: range.zero === undefined ? range.min : 0, max: range.max };
}

/** Every violation of a policy except that of its name; `at` is its path. */
export function validatePolicy(policy: Policy, at: string): Violation[] {
  const violations = [
    ...validateWord(`${at}.strategy`, 'strategy', policy.strategy, STRATEGIES),
    ...validateWord(
      `${at}.health_check.type`,
      'type of health check',
      policy.healthCheck.type,
      HEALTH_CHECK_TYPES,
    ),
    ...RANGES.flatMap((range) => validateRange(range, policy, at)),
  ];
  const { intervalMs, timeoutMs } = policy.healthCheck;
  // Two values are compared only when each of them is valid.
  if (violations.length === 0 && timeoutMs > intervalMs) {
    const description = `is ${formatDuration(timeoutMs)}, longer than the interval of ${formatDuration(intervalMs)}; a check must end before the next one starts`;
    violations.push({ field: `${at}.health_check.timeout`, description });
  }
  return violations;
}

/** A word that must be one of a closed set. */
export function validateWord(
  field: string,
  what: string,
  word: string,
  allowed: readonly string[],
): readonly Violation[] {
  if (allowed.includes(word)) return [];
  const description = `"${word}" is not a ${what}${didYouMean(word, allowed)}; use one of ${allowed.join(', ')}`;
  return [{ field, description }];
}

function validateRange(range: Range, policy: Policy, at: string): readonly Violation[] {
  const { min, max, unit, zero } = range;
  const value = range.of(policy);
  const inRange = value >= min && value <= max;
  if (Number.isInteger(value) && (inRange || (value === 0 && zero !== undefined))) return [];
  const show = unit === 'duration' ? formatDuration : String;
  const isReadable = Number.isInteger(value) && value >= 0;
  const shown = isReadable ? show(value) : unit === 'duration' ? `${value}ms` : String(value);
  const kind = unit === 'duration' ? 'a whole number of milliseconds' : 'a whole number';
  const orZero = zero === undefined ? '' : `, or ${show(0)}, which means ${zero}`;
  const description = `is ${shown}; it must be ${kind} from ${show(min)} to ${show(max)}${orZero}`;
  return [{ field: `${at}.${range.field}`, description }];
}
