/** What the errors of LMDB mean, and above all whether a transaction failed for lack of room. */
import { statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';

/** The file can't grow: the disk, a quota or a limit on the size of files is used up. */
const NO_ROOM = new Set([constants.errno.ENOSPC, constants.errno.EDQUOT, constants.errno.EFBIG]);
/** On a disk with less than this left, EIO is a write that was cut short: LMDB has no other code for it. */
const SHORT_BYTES = 1_048_576;

/** lmdb keeps the reason of a failed commit in a second promise, which rejects as well. */
export async function throwReason(error: unknown): Promise<never> {
  const { commitError } = error as { readonly commitError?: Promise<never> };
  throw commitError === undefined ? error : await commitError.catch((reason: unknown) => reason);
}

/**
 * Whether pages could not be written for lack of room. LMDB writes and syncs all of them before the page that makes
 * them count, so nothing of that transaction is there. On a disk that has room, EIO does not mean this.
 */
export function lacksRoom(reason: unknown, directory: string): boolean {
  const code = reason instanceof Error && 'code' in reason ? reason.code : undefined;
  if (typeof code !== 'number') return false;
  return NO_ROOM.has(code) || (code === constants.errno.EIO && isAlmostFull(directory));
}

function isAlmostFull(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < SHORT_BYTES;
  } catch {
    return false;
  }
}

export function describeFailure(cause: unknown, directory: string): string {
  const hint = `; its disk, a quota or a limit on file sizes is used up: make room in ${directory}`;
  return `${messageOf(cause)}${lacksRoom(cause, directory) ? hint : ''}`;
}

/** For a caller that has seen that nothing was written. */
export function noRoom(description: string, directory: string, cause: unknown): LbError {
  const message = `the store ${description} has no room: ${describeFailure(cause, directory)}`;
  return new LbError('RESOURCE_EXHAUSTED', message, [], cause);
}
