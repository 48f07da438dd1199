/** Milliseconds since 1970 as google.protobuf.Timestamp. */
import type { Timestamp } from '../../core/wire/generated/google/protobuf/Timestamp.ts';

export function timestampToWire(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1_000);
  return { seconds: String(seconds), nanos: Math.round((ms - seconds * 1_000) * 1_000_000) };
}
