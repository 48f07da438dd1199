/**
 * Files of this host that a configuration knows by name, such as secrets and private keys.
 *
 * Invariants
 *  - a name is never a path: whoever may edit the configuration can't read other files of the host. A link that is in the
 *    directory is followed;
 *  - nothing that is in a file is in an error.
 */
import { constants, open, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { errnoName, errnoOf, isOwnFailure } from '../kernel/errno.ts';

const NAME = /^[A-Za-z0-9_][-.A-Za-z0-9_]*$/;
const OTHERS_MAY_READ = 0o004;

export interface NamedDirectory {
  /** Undefined: this proxy has none. */
  readonly path: string | undefined;
  /** Its flag. */
  readonly flag: string;
  readonly maxBytes: number;
}

interface NamedFile {
  /** As latin1, which has a character for each byte. */
  readonly content: string;
  /** Every user of this machine can read it. */
  readonly isOpenToAll: boolean;
}

/** `which` begins the words of an error. Rejects with the error of Node when this host ran out of something. */
export async function readNamed(directory: NamedDirectory, file: string, which: string): Promise<NamedFile> {
  const { path, flag, maxBytes } = directory;
  if (path === undefined) throw new Error(`${which} can't be read: this proxy has no ${flag} directory`);
  if (!NAME.test(file)) throw new Error(`${which} has no valid name`);
  const read = await contentOf(join(path, file), maxBytes).catch((error: unknown) => {
    const errno = errnoOf(error);
    if (isOwnFailure(errno)) throw error;
    throw new Error(`${which} ${wordsOf(errnoName(errno), flag)}`);
  });
  if (read === null) throw new Error(`${which} is not a file of at most ${maxBytes} bytes`);
  return read;
}

/** Differs when a file was written or replaced, or can't be read any more. */
export async function signatureOf({ path }: NamedDirectory, file: string): Promise<string> {
  if (path === undefined || !NAME.test(file)) return '';
  return stat(join(path, file)).then(
    ({ dev, ino, size, mode, mtimeMs, ctimeMs }) => [dev, ino, size, mode, mtimeMs, ctimeMs].join(' '),
    (error: unknown) => errnoName(errnoOf(error)),
  );
}

function wordsOf(code: string, flag: string): string {
  if (code === 'ENOENT') return `is not in the ${flag} directory of this proxy`;
  if (code === 'EACCES') return 'may not be read by this proxy';
  return `can't be read: ${code}`;
}

/** Null: it is no file, or too large. */
async function contentOf(path: string, maxBytes: number): Promise<NamedFile | null> {
  // A pipe that nobody writes to does not block.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats: Stats = await file.stat();
    if (!stats.isFile() || stats.size > maxBytes) return null;
    return { content: await file.readFile('latin1'), isOpenToAll: (stats.mode & OTHERS_MAY_READ) !== 0 };
  } finally {
    await file.close();
  }
}
