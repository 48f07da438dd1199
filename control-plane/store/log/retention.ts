/** When a checkpoint is due, and how much of the log is kept: pure decisions. */
import type { CheckpointMark } from './checkpoint-codec.ts';

export interface RetentionLimits {
  /** Commits between two checkpoints; fewer when they are large. */
  readonly checkpointCommits: number;
  /** This many commits, and all that are younger than this, are kept unless they take more than `maxLogBytes`. */
  readonly keptCommits: number;
  readonly keptMs: number;
  /** Bytes of the log and its checkpoints that are kept, as long as four checkpoints have room in that. */
  readonly maxLogBytes: number;
}

const DAY_MS = 86_400_000;

export const RETENTION: RetentionLimits = {
  checkpointCommits: 250,
  keptCommits: 1_000,
  keptMs: 7 * DAY_MS,
  maxLogBytes: 64 * 1_048_576,
};

export interface LogEnd {
  readonly revision: number;
  /** Bytes of all commits up to there, including those that were trimmed away. */
  readonly logBytes: number;
}

/** The log is trimmed from checkpoint to checkpoint, so they are at most this part of `maxLogBytes` apart. */
const CHECKPOINTS_IN_LIMIT = 4;

/** A checkpoint is worth writing once the log after the newest one is long enough, and as large as that one. */
export function isCheckpointDue(
  end: LogEnd,
  newest: CheckpointMark | undefined,
  limits: RetentionLimits,
): boolean {
  const commits = end.revision - (newest?.head.revision ?? 0);
  const bytes = end.logBytes - (newest?.logBytes ?? 0);
  const isLong = commits >= limits.checkpointCommits || bytes >= limits.maxLogBytes / CHECKPOINTS_IN_LIMIT;
  return isLong && commits > 0 && bytes >= (newest?.bytes ?? 0);
}

/**
 * The checkpoint up to which the log can be trimmed, if any. `marks`: oldest first. It is never the newest one: if that
 * were damaged, the one before it and the log after that still are everything. `isWhole`: nothing was trimmed yet.
 */
export function trimTarget(
  end: LogEnd,
  marks: readonly CheckpointMark[],
  isWhole: boolean,
  nowMs: number,
  limits: RetentionLimits,
): CheckpointMark | undefined {
  const byAge = marks
    .slice(0, -1)
    .findLast(
      ({ head, timeMs }) =>
        end.revision - head.revision >= limits.keptCommits && nowMs - timeMs >= limits.keptMs,
    );
  const bySize = targetBySize(end, marks, isWhole, limits);
  if (byAge === undefined || bySize === undefined) return byAge ?? bySize;
  return byAge.head.revision > bySize.head.revision ? byAge : bySize;
}

/** The oldest that leaves few enough bytes; if none does, the newest candidate leaves the fewest. */
function targetBySize(
  end: LogEnd,
  marks: readonly CheckpointMark[],
  isWhole: boolean,
  { maxLogBytes }: RetentionLimits,
): CheckpointMark | undefined {
  const bytesAfter = (trimmedBytes: number, kept: readonly CheckpointMark[]) =>
    end.logBytes - trimmedBytes + kept.reduce((sum, { bytes }) => sum + bytes, 0);
  if (bytesAfter(isWhole ? 0 : (marks[0]?.logBytes ?? 0), marks) <= maxLogBytes) return undefined;
  const candidates = marks.slice(0, -1);
  const enough = candidates.find(
    ({ logBytes }, index) => bytesAfter(logBytes, marks.slice(index)) <= maxLogBytes,
  );
  return enough ?? candidates.at(-1);
}
