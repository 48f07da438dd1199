/** google.protobuf.Duration ⇄ whole milliseconds. */
import type { Duration, Duration__Output } from './generated/google/protobuf/Duration.ts';

export function durationToWire(milliseconds: number): Duration {
  const seconds = Math.trunc(milliseconds / 1_000);
  return { seconds, nanos: Math.round(milliseconds - seconds * 1_000) * 1_000_000 };
}

/** Rounded to a millisecond, away from zero, so that no small duration becomes 0, which means "never". */
export function durationFromWire(duration: Duration__Output): number {
  const milliseconds = Number(duration.seconds) * 1_000 + duration.nanos / 1_000_000;
  return Math.sign(milliseconds) * Math.ceil(Math.abs(milliseconds));
}
