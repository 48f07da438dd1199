/**
 * Files in the state directory that nobody else is to read, replace or redirect, even when others may write to the
 * directory: a symbolic link is never followed, and what is not a regular file is never opened for long.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';

/** A snapshot of the largest configuration that a proxy runs takes a tenth of this. */
const MAX_BYTES = 256 * 1_048_576;

/** A new file, of mode 0600, in the place of whatever has this name. Durable when it resolves, apart from its name. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  // A file that somebody else made here would stay theirs. `wx` does not follow a link that comes meanwhile.
  await rm(path, { force: true });
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Throws, with the reason, also for what is not a regular file or far too large. */
export async function readRegularFile(path: string): Promise<string> {
  // Without O_NONBLOCK a pipe would hold up the start for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: NodeJS.ErrnoException) => {
      throw error.code === 'ELOOP' ? new Error('it is a symbolic link, which is not followed') : error;
    },
  );
  try {
    return await readWhole(file);
  } finally {
    await file.close();
  }
}

async function readWhole(file: FileHandle): Promise<string> {
  const stat = await file.stat();
  if (!stat.isFile()) throw new Error('it is not a regular file');
  if (stat.size > MAX_BYTES)
    throw new Error(`it has ${stat.size} bytes, and a snapshot at most ${MAX_BYTES}`);
  return file.readFile('utf8');
}
