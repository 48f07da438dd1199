/** Numbers, times and lists in a form that is read at a glance. Pure. */
import type { Timestamp__Output } from '../wire/generated/google/protobuf/Timestamp.ts';
import { timestampFromWire } from '../wire/timestamp-codec.ts';

const UNITS = ['', 'k', 'M', 'G', 'T', 'P'] as const;

/** `0`, `3.2`, `123`, `1.2k`, `45M`: five characters at most. */
export function short(value: number): string {
  let rest = value;
  let unit = 0;
  while (rest >= 999.5 && unit < UNITS.length - 1) {
    rest /= 1_000;
    unit += 1;
  }
  return rest < 0.05 ? '0' : `${twoDigits(rest)}${UNITS[unit]}`;
}

/** Seconds as `450µs`, `1.2ms`, `123ms`, `1.2s`, `45s`, `12m`, `3h`; `-` when there are none. */
export function shortTime(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < 0.000_999_5) return `${Math.round(seconds * 1_000_000)}µs`;
  if (seconds < 0.9995) return `${twoDigits(seconds * 1_000)}ms`;
  if (seconds < 119.5) return `${twoDigits(seconds)}s`;
  return seconds < 7_170 ? `${Math.round(seconds / 60)}m` : `${Math.round(seconds / 3_600)}h`;
}

function twoDigits(value: number): string {
  return value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
}

const AGES = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

/** `12s`, `5m`, `3h`, `8d`: how long ago, in its largest unit. Empty for a time that is unset. */
export function age(time: Timestamp__Output | null, nowMs: number): string {
  return time ? ageOf(timestampFromWire(time), nowMs) : '';
}

/** The same for a time in milliseconds. */
export function ageOf(timeMs: number, nowMs: number): string {
  const seconds = Math.max(0, Math.floor((nowMs - timeMs) / 1_000));
  // A unit is used from two of it on: 90 s is more precise than 1 m.
  const [unit, length] = AGES.find(([, length]) => seconds >= 2 * length) ?? ['s', 1];
  return `${Math.floor(seconds / length)}${unit}`;
}

/** ISO 8601 in UTC, for JSON; null for a time that is unset. */
export function isoTime(time: Timestamp__Output | null): string | null {
  return isoTimeOf(time ? timestampFromWire(time) : null);
}

export function isoTimeOf(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}

/** `1 proxy`, `2 proxies`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}

/** A few names in words: `a, b and c`, or `a, b, c and 2 more`. */
export function few(names: readonly string[], most = 3): string {
  if (names.length > most + 1) return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}
