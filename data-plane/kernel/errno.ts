/** The errno values that the data path acts on, and their names. All are positive. */
import { constants } from 'node:os';
import { getSystemErrorName } from 'node:util';

const { EADDRINUSE, EADDRNOTAVAIL, EAGAIN, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC } = constants.errno;

export const ERRNO = {
  pipe: constants.errno.EPIPE,
  timedOut: constants.errno.ETIMEDOUT,
  refused: constants.errno.ECONNREFUSED,
  noBuffers: ENOBUFS,
  /** The other side does not speak what it should. */
  protocol: constants.errno.EPROTO,
  /** We cancelled the attempt: see Engine.reconsider. */
  canceled: constants.errno.ECANCELED,
} as const;

/** The kernel has no memory for now; the socket is healthy. */
const TRANSIENT: ReadonlySet<number> = new Set([ENOBUFS, ENOMEM]);
/** This process or this machine ran out of something. ENOSPC: the limit of sockets that epoll may watch for this user. */
const SHORTAGES: ReadonlySet<number> = new Set([...TRANSIENT, EMFILE, ENFILE, ENOSPC]);
/** Out of local ports. Each pair of source address and destination has its own, so others may still connect. */
const PORTS: ReadonlySet<number> = new Set([EADDRINUSE, EADDRNOTAVAIL]);

export function isTransient(errno: number): boolean {
  return TRANSIENT.has(errno);
}

/** Another source address may have local ports left. */
export function isOutOfPorts(errno: number): boolean {
  return PORTS.has(errno);
}

/** Descriptors or memory ran out, so the next connection would fail as well. */
export function isShortage(errno: number): boolean {
  return SHORTAGES.has(errno);
}

/**
 * Whether a connect failed because of us, not because of the backend. What this host forbids (EPERM, EACCES) is none of
 * these: it lasts, and until somebody changes it other backends serve this proxy's clients better.
 */
export function isOwnFailure(errno: number): boolean {
  return SHORTAGES.has(errno) || PORTS.has(errno) || errno === EAGAIN;
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
