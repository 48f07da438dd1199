/** google.protobuf.Timestamp ⇄ milliseconds since 1970. */
import type { Timestamp, Timestamp__Output } from './generated/google/protobuf/Timestamp.ts';

export function timestampToWire(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1_000);
  return { seconds: String(seconds), nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}

export function timestampFromWire(time: Timestamp__Output): number {
  return Number(time.seconds) * 1_000 + time.nanos / 1_000_000;
}
