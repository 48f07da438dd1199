/** Numbers of errors that the data path decides by, and their names. Positive, as errno is. */
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';

export const ERRNO = {
  pipe: constants.errno.EPIPE,
  timedOut: constants.errno.ETIMEDOUT,
  /** The attempt was given up by us: see Engine.reconsider. */
  canceled: constants.errno.ECANCELED,
} as const;

/** `ECONNREFUSED` for 111; the number itself when the system has no name for it. */
export function errnoName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}

/** The errno of a Node error, or 0 when it has none. */
export function errnoOf(error: unknown): number {
  const errno = error instanceof Error && 'errno' in error ? error.errno : 0;
  return typeof errno === 'number' ? Math.abs(errno) : 0;
}
