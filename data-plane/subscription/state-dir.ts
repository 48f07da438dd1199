/**
 * The state directory of a proxy, locked for the life of the process, so that two processes with one id never overwrite
 * each other's files.
 *
 * The lock is flock(2) on a file in it, which the kernel releases however the process dies. Where the C library cannot
 * be called, it is the process id in that file, as long as such a process exists.
 */
import { closeSync, constants, ftruncateSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { makePrivateFolder, openPrivateFile } from '../../core/runtime/private-folder.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';

const LOCK_FILE = 'lock';

/** The part of the C library that this needs; null where it can't be called. */
export interface FileLocking {
  /** Locks an open file for this process alone, or returns a negative number at once. */
  lock(fd: number): number;
}

/**
 * Creates and locks the directory; returns its absolute path. Throws FAILED_PRECONDITION when it is in use. `warn` hears
 * that other users can get at it.
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
    if (locking) lockFile(path, locking);
    else claimPidFile(path);
  } catch (error) {
    if (error instanceof LbError) throw error;
    const message = `the state directory ${path} can't be used: ${messageOf(error)}; name a writable directory with --state-dir`;
    throw new LbError('FAILED_PRECONDITION', message, [], error);
  }
  return path;
}

function lockFile(path: string, locking: FileLocking): void {
  const file = join(path, LOCK_FILE);
  // Never closed: the lock lasts as long as the descriptor. 'a' creates without truncating the owner's number.
  const fd = openPrivateFile(file, constants.O_WRONLY | constants.O_APPEND);
  if (locking.lock(fd) < 0) {
    closeSync(fd);
    throw inUse(path, readFileSync(file, 'utf8').trim());
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
    const pid = readFileSync(file, 'utf8').trim();
    if (isAlive(Number(pid))) throw inUse(path, pid);
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

function inUse(path: string, pid: string): LbError {
  const owner = pid === '' ? 'another process' : `the process ${pid}`;
  return new LbError(
    'FAILED_PRECONDITION',
    `the state directory ${path} is in use by ${owner}; stop that process first, or give this proxy another --proxy-id or --state-dir`,
  );
}
