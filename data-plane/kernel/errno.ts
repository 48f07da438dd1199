/** Numbers of errors that the data path decides by, and their names. Positive, as errno is. */
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';

const { EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC } = constants.errno;

export const ERRNO = {
  pipe: constants.errno.EPIPE,
  timedOut: constants.errno.ETIMEDOUT,
  /** The attempt was given up by us: see Engine.reconsider. */
  canceled: constants.errno.ECANCELED,
} as const;

/** No memory just now, says the kernel, of a socket that is well. */
const TRANSIENT: ReadonlySet<number> = new Set([ENOBUFS, ENOMEM]);
/** What this process, or this machine, ran out of. ENOSPC: the user's sockets that epoll may watch. */
const SHORTAGES: ReadonlySet<number> = new Set([...TRANSIENT, EMFILE, ENFILE, ENOSPC]);
/** Local ports: each destination and source address has its own, so others may go on. */
const PORTS: ReadonlySet<number> = new Set([EADDRINUSE, EADDRNOTAVAIL]);

export function isTransient(errno: number): boolean {
  return TRANSIENT.has(errno);
}

/** Another source address may have local ports. */
export function isOutOfPorts(errno: number): boolean {
  return PORTS.has(errno);
}

/** Descriptors or memory ran out: whoever comes next fares no better. */
export function isShortage(errno: number): boolean {
  return SHORTAGES.has(errno);
}

/** Whether a failed connect speaks of us, not of the backend. */
export function isOwnFailure(errno: number): boolean {
  return SHORTAGES.has(errno) || PORTS.has(errno);
}

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
