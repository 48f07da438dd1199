/** Why a transaction of LMDB failed, and whether it was for want of room. */
import { statfsSync } from 'node:fs';
import { constants } from 'node:os';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';

/** The file can't grow: the disk, a quota or a limit on the size of files is used up. */
const NO_ROOM = new Set([constants.errno.ENOSPC, constants.errno.EDQUOT, constants.errno.EFBIG]);
/** With less left, an I/O error is a write that was cut short: LMDB has no other word for it. */
const SHORT_BYTES = 1_048_576;

const SAY_ROOM = 'its disk, a quota or a limit on the size of files is used up; make room in';

/** lmdb keeps the reason of a failed commit in a second promise, which rejects as well. */
export async function throwReason(error: unknown): Promise<never> {
  const { commitError } = error as { readonly commitError?: Promise<never> };
  throw commitError === undefined ? error : await commitError.catch((reason: unknown) => reason);
}

/**
 * Whether pages could not be written for want of room. LMDB writes and syncs them all before the one that makes them
 * count, so nothing of that transaction is there. An I/O error of a disk that has room says nothing of the kind.
 */
export function lacksRoom(reason: unknown, directory: string): boolean {
  const code = reason instanceof Error && 'code' in reason ? reason.code : undefined;
  if (typeof code !== 'number') return false;
  return NO_ROOM.has(code) || (code === constants.errno.EIO && isShort(directory));
}

function isShort(directory: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize < SHORT_BYTES;
  } catch {
    return false;
  }
}

/** What to say of a failure. */
export function wordsOf(cause: unknown, directory: string): string {
  return `${messageOf(cause)}${lacksRoom(cause, directory) ? `; ${SAY_ROOM} ${directory}` : ''}`;
}

/** Certain: whoever makes it has seen that nothing was written. */
export function noRoom(description: string, directory: string, cause: unknown): LbError {
  const message = `the store ${description} has no room, and nothing was written: ${wordsOf(cause, directory)}`;
  return new LbError('RESOURCE_EXHAUSTED', message, [], cause);
}

export interface RoomLogger {
  error(fields: object, message: string): void;
  info(fields: object, message: string): void;
}

/** Says once that there is no room, and once that there is some again. */
export class RoomLog {
  readonly #logger: RoomLogger | undefined;
  #full = false;

  constructor(logger: RoomLogger | undefined) {
    this.#logger = logger;
  }

  refused(refusal: LbError): LbError {
    if (!this.#full)
      this.#logger?.error({ reason: refusal.message }, 'changes are refused for want of room; reads go on');
    this.#full = true;
    return refusal;
  }

  appended(): void {
    if (this.#full) this.#logger?.info({}, 'the store has room again: changes are taken');
    this.#full = false;
  }
}
