/**
 * Texts that checks send and nobody may see: files of one directory on the proxy's host, known by their names.
 *
 * Invariants
 *  - a file is read when it is needed, and again for the checks of the next second, so a new text counts after a second;
 *  - one read of a file at a time, however slow its disk is.
 */
import { readText } from '../../core/model/policy/check-text.ts';
import type { Clock } from '../../core/runtime/clock.ts';
import { type NamedDirectory, readNamed } from '../host/named-file.ts';

const KEPT_MS = 1_000;
const MAX_BYTES = 4_096;

export class Secrets {
  readonly #directory: NamedDirectory;
  readonly #clock: Clock;
  readonly #reads = new Map<string, Promise<string>>();

  /** Without a directory there are no secrets. */
  constructor(directory: string | undefined, clock: Clock) {
    this.#directory = { path: directory, flag: '--secrets', maxBytes: MAX_BYTES };
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
    const { content } = await readNamed(this.#directory, name, which);
    const text = readText(content.replace(/\n$/, ''));
    // Not the words of readText, which quote the text.
    if (!text.ok)
      throw new Error(`${which} has an escape that means nothing; a backslash is written as \\\\`);
    return text.value;
  }
}
