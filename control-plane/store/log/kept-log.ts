/** What a store keeps of its log, and of its checkpoints. */
import type { Head } from '../../../core/model/commit.ts';
import { takesPlaceOf } from '../../../core/model/store-succession.ts';
import type { ConfigStore } from '../config-store.ts';
import { type CheckpointMark, decodeMark } from './checkpoint-codec.ts';

/** For the metrics. */
export interface KeptLog {
  /** Of the newest checkpoint; 0: there is none. */
  readonly checkpointRevision: number;
  /** Since the commit of its revision was made; NaN: there is none. */
  readonly checkpointAgeMs: number;
  readonly oldestRevision: number;
}

/** Throws LbError when the store does not answer. */
export async function keptLog(store: ConfigStore, nowMs: number): Promise<KeptLog> {
  const [marks, oldestRevision] = await Promise.all([readableMarks(store), oldestKept(store)]);
  const newest = marks.at(-1);
  return {
    checkpointRevision: newest?.head.revision ?? 0,
    checkpointAgeMs: newest === undefined ? Number.NaN : Math.max(0, nowMs - newest.timeMs),
    oldestRevision,
  };
}

/** The oldest revision whose commit is kept. */
export async function oldestKept(store: ConfigStore): Promise<number> {
  // Only a trim removes the first commit, and then the checkpoint that it trimmed to is the oldest one.
  if ((await store.read(1, 1)).length > 0) return 1;
  const [oldest] = await store.marks();
  return (oldest?.revision ?? 0) + 1;
}

/** The marks that can be read, oldest first; those of the same history only, when its `head` is given. */
export async function readableMarks(store: ConfigStore, head?: Head): Promise<CheckpointMark[]> {
  const marks = await store.marks();
  return marks.flatMap(({ revision, mark }) => {
    const read = decodeMark(revision, mark);
    const isOurs = read.ok && (head === undefined || takesPlaceOf(head, read.mark.head.storeId));
    return isOurs ? [read.mark] : [];
  });
}
