/**
 * Standard output and standard error of lbctl.
 *
 * Invariants
 *  - no output is cut in silence: the first failure of standard output is kept, and the end of the run reports it;
 *  - what can't be said on standard error ends nothing;
 *  - a stream is opened by its first write: Node makes a pipe non-blocking for all who share it, and `lbctl register`
 *    shares it with its command.
 */
import { createWriteStream, fstatSync, readFileSync, statSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { isatty } from 'node:tty';

/** The access mode among the flags of a descriptor; 2: for reading and writing. */
const ACCESS_MODE = 3;

/** Something was to be printed after standard output had failed. The end of the run says why. */
export class OutputLost extends Error {}

export interface TextError {
  write(text: string): unknown;
}

export class TextOutput {
  /** What the first write that failed failed with. */
  failure: NodeJS.ErrnoException | null = null;
  readonly #open: () => Writable;
  #stream: Writable | null = null;
  #pending = 0;
  #onSettled: (() => void)[] = [];

  constructor(open: () => Writable) {
    this.#open = open;
  }

  /** Never waits. Throws OutputLost once a write has failed, so that nothing goes on printing for nobody. */
  write(text: string): void {
    if (this.failure) throw new OutputLost();
    this.#stream ??= this.#open().on('error', (error) => this.#failed(error));
    this.#pending += 1;
    this.#stream.write(text, (error) => {
      this.#failed(error);
      this.#pending -= 1;
      if (this.#pending === 0) for (const resolve of this.#onSettled.splice(0)) resolve();
    });
  }

  get wasUsed(): boolean {
    return this.#stream !== null;
  }

  /** Resolves when everything is written, or has failed; as late as whoever reads it wants. */
  settled(): Promise<void> {
    if (this.#pending === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onSettled.push(resolve));
  }

  /** The same, for what goes on printing: throws OutputLost once a write has failed. */
  async drained(): Promise<void> {
    await this.settled();
    if (this.failure) throw new OutputLost();
  }

  #failed(error: Error | null | undefined): void {
    this.failure ??= error ?? null;
  }
}

export function standardOutput(process: { readonly stdout: Writable }): TextOutput {
  return new TextOutput(() =>
    takesWhole(1) ? process.stdout : createWriteStream('', { fd: 1, autoClose: false }),
  );
}

/** What fails here can't be said anywhere. */
export function standardError(process: { readonly stderr: Writable }): TextError {
  let stream: Writable | undefined;
  return {
    write(text) {
      stream ??= process.stderr.on('error', () => undefined);
      return stream.write(text);
    },
  };
}

/** Of anything else, such as a file, Node's own stream ignores how much was written. */
function takesWhole(fd: number): boolean {
  const stat = fstatSync(fd);
  return isatty(fd) || stat.isFIFO() || stat.isSocket();
}

/**
 * Whether standard output was closed when the program started. Node opens /dev/null in its place then, for reading and
 * writing, as some parents do for a child that is to be silent; a shell's `>/dev/null` is for writing only.
 */
export function isOutputClosed(): boolean {
  try {
    const flags = /^flags:\s*(\d+)/m.exec(readFileSync('/proc/self/fdinfo/1', 'utf8'))?.[1] ?? '0';
    return (
      fstatSync(1).rdev === statSync('/dev/null').rdev && (Number.parseInt(flags, 8) & ACCESS_MODE) === 2
    );
  } catch {
    return false;
  }
}
