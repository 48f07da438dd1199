/** The ranges of the numbers and durations of a policy, as resources.proto documents them. */
import { LOG_ONE_IN } from '../defaults.ts';
import { formatDuration } from '../duration.ts';
import { LIMITS } from '../limits.ts';
import type { Policy } from '../resources.ts';
import type { Violation } from '../violation.ts';

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

/** Every number and duration that is out of its range. */
export function validateRanges(policy: Policy, at: string): Violation[] {
  return Object.entries(RANGES).flatMap(([field, range]) => validateRange(`${at}.${field}`, range, policy));
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
