/**
 * The state directory of a proxy, locked for the life of the process, so that two processes with one id never overwrite
 * each other's files.
 *
 * The lock is flock(2) on the directory, which can be locked without writing, and on a file in it, which says who has the
 * lock. The kernel releases both however the process dies. Where the C library cannot be called, it is the process id in
 * that file, as long as such a process exists.
 *
 * A directory that can be read only, or is full, is used all the same when it holds a snapshot: it is what serves.
 */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { constants as os } from 'node:os';
import { join, resolve } from 'node:path';
import { makePrivateFolder, openPrivateFile } from '../../core/runtime/private-folder.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { SNAPSHOT_FILES } from './snapshot-file.ts';

const LOCK_FILE = 'lock';
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;
/** Read-only, or full. */
const UNWRITABLE = new Set(['EROFS', 'EACCES', 'EPERM', 'ENOSPC', 'EDQUOT', 'EIO']);

/** The part of the C library that this needs; null where it can't be called. */
export interface FileLocking {
  /** Locks an open file for this process alone, or returns an errno negated at once. */
  lock(fd: number): number;
}

/**
 * Creates and locks the directory; returns its absolute path. Throws FAILED_PRECONDITION when it is in use, or can't be
 * used at all. `warn` hears that other users can get at it, or that it can't be written but has a snapshot to serve.
 */
export function lockStateDir(
  directory: string,
  locking: FileLocking | null,
  warn: (words: string) => void,
): string {
  const path = resolve(directory);
  try {
    const open = makePrivateFolder(path);
    if (open !== undefined) warn(open);
    lock(path, locking, warn);
    return path;
  } catch (error) {
    if (error instanceof LbError) throw error;
    const message = `the state directory ${path} can't be used: ${messageOf(error)}; name a writable directory with --state-dir`;
    throw new LbError('FAILED_PRECONDITION', message, [], error);
  }
}

function lock(path: string, locking: FileLocking | null, warn: (words: string) => void): void {
  accessSync(path, constants.R_OK | constants.X_OK);
  if (locking) lockDirectory(path, locking);
  try {
    if (locking) lockFile(path, locking);
    else claimPidFile(path);
    accessSync(path, constants.W_OK);
  } catch (error) {
    const hasSnapshot = SNAPSHOT_FILES.some((name) => existsSync(join(path, name)));
    if (!hasSnapshot || !UNWRITABLE.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    warn(unwritable(path, error));
  }
}

/** Null, or why no snapshot can be saved now, in words. A full disk is noticed only when one is saved. */
export function whyUnwritable(path: string): string | null {
  try {
    accessSync(path, constants.W_OK);
    return null;
  } catch (error) {
    return unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): string {
  return `the state directory ${path} cannot be written: ${messageOf(error)}; the snapshot that was saved last is served, and newer ones are refused until they can be saved`;
}

/** Some file systems can't lock a directory; then the file alone is the lock. */
function lockDirectory(path: string, locking: FileLocking): void {
  const fd = openSync(path, O_RDONLY | O_DIRECTORY);
  const result = locking.lock(fd);
  if (result >= 0) return;
  closeSync(fd);
  if (result === -os.errno.EAGAIN) throw inUse(path);
}

function lockFile(path: string, locking: FileLocking): void {
  const file = join(path, LOCK_FILE);
  // Never closed: the lock lasts as long as the descriptor. 'a' creates without truncating the owner's number.
  const fd = openPrivateFile(file, constants.O_RDWR | constants.O_APPEND);
  if (locking.lock(fd) < 0) {
    closeSync(fd);
    throw inUse(path);
  }
  ftruncateSync(fd);
  writeSync(fd, `${process.pid}\n`);
}

function claimPidFile(path: string): void {
  const file = join(path, LOCK_FILE);
  try {
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    if (isAlive(Number(ownerOf(path)))) throw inUse(path);
    rmSync(file);
    writeFileSync(file, `${process.pid}\n`, { flag: 'wx', mode: 0o600 });
  }
  process.on('exit', () => rmSync(file, { force: true }));
}

/** An id that another process has by now counts as alive too: refusing is better than sharing. */
function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function inUse(path: string): LbError {
  const owner = ownerOf(path);
  return new LbError(
    'FAILED_PRECONDITION',
    `the state directory ${path} is in use by ${owner === '' ? 'another process' : `the process ${owner}`}; stop that process first, or give this proxy another --proxy-id or --state-dir`,
  );
}

/** The process id in the lock file, as text; empty when it can't be read. */
function ownerOf(path: string): string {
  try {
    const fd = openSync(join(path, LOCK_FILE), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    try {
      return /^\d{1,10}/.exec(readFileSync(fd, 'utf8'))?.[0] ?? '';
    } finally {
      closeSync(fd);
    }
  } catch {
    return '';
  }
}
