/** What a store keeps of its log, for the metrics. */
import { decodeMark } from './checkpoint-codec.ts';
import type { ConfigStore } from '../config-store.ts';
import { oldestKept } from './log-reader.ts';

export interface KeptLog {
  /** Of the newest one; 0: there is none. */
  readonly checkpointRevision: number;
  /** Since the commit of its revision was made; NaN: there is none. */
  readonly checkpointAgeMs: number;
  readonly oldestRevision: number;
}

/** Throws LbError when the store does not answer. */
export async function keptLog(store: ConfigStore, nowMs: number): Promise<KeptLog> {
  const [marks, oldestRevision] = await Promise.all([store.marks(), oldestKept(store)]);
  const readable = marks.flatMap(({ revision, mark }) => {
    const read = decodeMark(revision, mark);
    return read.ok ? [read.mark] : [];
  });
  const newest = readable.at(-1);
  return {
    checkpointRevision: newest?.head.revision ?? 0,
    checkpointAgeMs: newest === undefined ? Number.NaN : Math.max(0, nowMs - newest.timeMs),
    oldestRevision,
  };
}
