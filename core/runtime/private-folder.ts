/** Folders and files of one program alone: nobody else gets at them, and a power cut does not take their names. */
import { closeSync, constants, fsyncSync, mkdirSync, openSync, statSync } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** A snapshot of the largest configuration that a proxy runs takes a tenth of this. */
const MAX_BYTES = 256 * 1_048_576;

/**
 * Creates a folder and what is missing above it, durable when it returns. Returns what is wrong with who may get at a
 * folder that exists. Its mode stays, because it may be somebody else's, such as /tmp.
 */
export function makePrivateFolder(folder: string): string | undefined {
  const path = resolve(folder);
  const first = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (first !== undefined)
    for (let made = path; made.length >= first.length; made = dirname(made)) syncFolderNow(dirname(made));
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return undefined;
  return `the folder ${path} is open to other users (mode ${mode.toString(8)}): run chmod 700 ${path}, or name another folder`;
}

/** Makes the names in a folder durable. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The same for a start: the thread waits for the disk, which can take seconds. */
export function syncFolderNow(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Opens a file, or creates it for this user alone. A symbolic link is refused: somebody else may have put it there. */
export function openPrivateFile(path: string, flags: number): number {
  try {
    return openSync(path, flags | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ELOOP') throw error;
    const message = `${path} is a symbolic link, which is not followed: remove it, or put the file itself there`;
    throw new Error(message, { cause: error });
  }
}

/** Writes a new file in place of an old one or of a link, and syncs it; its name is durable once its folder is synced. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
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
  if (stat.size > MAX_BYTES) throw new Error(`it has ${stat.size} bytes, and at most ${MAX_BYTES} are read`);
  return file.readFile('utf8');
}
