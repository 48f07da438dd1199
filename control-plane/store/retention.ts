/** When a checkpoint is due, and how much of the log is kept: pure decisions. */
import type { CheckpointMark } from './checkpoint-codec.ts';

export interface RetentionLimits {
  /** Commits between two checkpoints, at least. */
  readonly checkpointCommits: number;
  /** What is always kept, unless it takes more than `maxLogBytes`: so many commits, and all of so long. */
  readonly keptCommits: number;
  readonly keptMs: number;
  /** Bytes of the log that is kept. The checkpoints in it take no more than it does. */
  readonly maxLogBytes: number;
}

const DAY_MS = 86_400_000;

export const RETENTION: RetentionLimits = {
  checkpointCommits: 250,
  keptCommits: 1_000,
  keptMs: 7 * DAY_MS,
  maxLogBytes: 64 * 1_048_576,
};

/** How far the log goes. */
export interface LogEnd {
  readonly revision: number;
  readonly logBytes: number;
}

/** A checkpoint is worth writing once the log since the newest one has enough commits and is as large as that one. */
export function isCheckpointDue(
  end: LogEnd,
  newest: CheckpointMark | undefined,
  limits: RetentionLimits,
): boolean {
  const commits = end.revision - (newest?.head.revision ?? 0);
  const bytes = end.logBytes - (newest?.logBytes ?? 0);
  return commits >= limits.checkpointCommits && bytes >= (newest?.bytes ?? 0);
}

/**
 * The checkpoint up to which the log can go, if any. `marks`, oldest first. Never the newest: were it damaged, the one
 * before and the log after that still are everything.
 */
export function trimTarget(
  end: LogEnd,
  marks: readonly CheckpointMark[],
  nowMs: number,
  limits: RetentionLimits,
): CheckpointMark | undefined {
  const candidates = marks.slice(0, -1);
  const byAge = candidates.findLast(
    ({ head, timeMs }) =>
      end.revision - head.revision >= limits.keptCommits && nowMs - timeMs >= limits.keptMs,
  );
  // The oldest that leaves few enough bytes; if none does, the newest of them leaves the fewest.
  const tooLarge = end.logBytes - (marks[0]?.logBytes ?? 0) > limits.maxLogBytes;
  const bySize = tooLarge
    ? (candidates.find(({ logBytes }) => end.logBytes - logBytes <= limits.maxLogBytes) ?? candidates.at(-1))
    : undefined;
  if (byAge === undefined || bySize === undefined) return byAge ?? bySize;
  return byAge.head.revision > bySize.head.revision ? byAge : bySize;
}
