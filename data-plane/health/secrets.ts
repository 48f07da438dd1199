/**
 * Texts that checks send and nobody may see: files of one directory on the proxy's host, known by their names.
 *
 * Invariants
 *  - a name is never a path: whoever may edit policies can't read other files of the host. A link that is in the directory
 *    is followed;
 *  - nothing that is in a file is in an error;
 *  - a file is read when it is needed, and again for the checks of the next second, so a new text counts after a second;
 *  - one read of a file at a time, however slow its disk is.
 */
import { constants, open } from 'node:fs/promises';
import { join } from 'node:path';
import { readText } from '../../core/model/policy/check-text.ts';
import type { Clock } from '../../core/runtime/clock.ts';
import { errnoName, errnoOf, isOwnFailure } from '../kernel/errno.ts';

const KEPT_MS = 1_000;
const MAX_BYTES = 4_096;
const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const WORDS: Readonly<Record<string, string>> = {
  ENOENT: 'is not in the --secrets directory of this proxy',
  EACCES: 'may not be read by this proxy',
};

export class Secrets {
  readonly #directory: string | undefined;
  readonly #clock: Clock;
  readonly #reads = new Map<string, Promise<string>>();

  /** Without a directory there are no secrets. */
  constructor(directory: string | undefined, clock: Clock) {
    this.#directory = directory;
    this.#clock = clock;
  }

  /** Rejects in words, or with the error of Node when this host ran out of something. */
  read(name: string): Promise<string> {
    const known = this.#reads.get(name);
    if (known) return known;
    const read = this.#read(name);
    this.#reads.set(name, read);
    const forget = () => void this.#clock.after(KEPT_MS, () => this.#reads.delete(name));
    read.then(forget, forget);
    return read;
  }

  async #read(name: string): Promise<string> {
    const which = `the secret "${name}"`;
    if (this.#directory === undefined)
      throw new Error(`${which} can't be read: this proxy has no --secrets directory`);
    if (!NAME.test(name)) throw new Error(`${which} has no valid name`);
    const content = await contentOf(join(this.#directory, name)).catch((error: unknown) => {
      const errno = errnoOf(error);
      if (isOwnFailure(errno)) throw error;
      const code = errnoName(errno);
      throw new Error(`${which} ${WORDS[code] ?? `can't be read: ${code}`}`);
    });
    if (content === null) throw new Error(`${which} is not a file of at most ${MAX_BYTES} bytes`);
    const text = readText(content.replace(/\n$/, ''));
    // Not the words of readText, which quote the text.
    if (!text.ok)
      throw new Error(`${which} has an escape that means nothing; a backslash is written as \\\\`);
    return text.value;
  }
}

/** As latin1, which has a character for each byte; null: it is no secret. */
async function contentOf(path: string): Promise<string | null> {
  // A pipe that nobody writes to does not block.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stats = await file.stat();
    return stats.isFile() && stats.size <= MAX_BYTES ? await file.readFile('latin1') : null;
  } finally {
    await file.close();
  }
}
