/**
 * Starts from disk in a row that ended before they counted as good. A snapshot that the process dies of must not keep it
 * down for ever, so it is set aside after so many.
 */
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

const FILE_NAME = 'starts';
const MOST = 3;

/** `unfinished`: starts in a row that did not last. The next one must not run the same snapshot again. */
export function isCrashLoop(unfinished: number): boolean {
  return unfinished >= MOST;
}

/** What was noted last; 0 when nothing was, or nothing that makes sense. */
export async function unfinishedStarts(directory: string): Promise<number> {
  const text = await readFile(join(directory, FILE_NAME), 'utf8').catch(() => '');
  return /^\d{1,6}\n$/.test(text) ? Number(text) : 0;
}

/** Durable when it resolves, before anything is run that could end the process. */
export async function noteStarts(directory: string, unfinished: number): Promise<void> {
  const file = await open(join(directory, FILE_NAME), 'w', 0o600);
  try {
    await file.writeFile(`${unfinished}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

export async function forgetStarts(directory: string): Promise<void> {
  await rm(join(directory, FILE_NAME), { force: true });
}
