/** Numbers and times in a form that is read at a glance. */
import type { Timestamp__Output } from '../../core/wire/generated/google/protobuf/Timestamp.ts';
import { timestampFromWire } from '../../core/wire/timestamp-codec.ts';
import type { Cell } from './table.ts';

const AGES = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
] as const;

/** `12s`, `5m`, `3h`, `8d`: how long ago, in its largest unit. Empty for a time that is unset. */
export function age(time: Timestamp__Output | null, nowMs: number): string {
  if (!time) return '';
  const seconds = Math.max(0, Math.floor((nowMs - timestampFromWire(time)) / 1_000));
  for (const [unit, length] of AGES) {
    // Two of a unit before it is used: 90 s says more than 1 m.
    if (seconds >= 2 * length) return `${Math.floor(seconds / length)}${unit}`;
  }
  return `${seconds}s`;
}

/** The same as a cell of a table. */
export function ageCell(time: Timestamp__Output | null, nowMs: number): Cell {
  return { text: age(time, nowMs), moving: true };
}

/** ISO 8601 in UTC, for JSON; null for a time that is unset. */
export function isoTime(time: Timestamp__Output | null): string | null {
  return time ? new Date(timestampFromWire(time)).toISOString() : null;
}

/** `1 backend`, `2 backends`. */
export function counted(count: number, singular: string, plural = `${singular}s`): string {
  return `${count} ${count === 1 ? singular : plural}`;
}
