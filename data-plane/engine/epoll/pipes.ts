/**
 * Pipes for bulk: bytes go from socket to socket inside the kernel, without a copy to user space (splice).
 *
 * A pipe belongs to a side only while it holds bytes for it, so few pipes serve many connections. When none is
 * available the relay copies.
 *
 * Invariants
 *  - a pipe is filled only when it is empty: then EAGAIN is about the socket;
 *  - after the kernel has refused a pipe, none is requested for PAUSE_MS, unless one of ours is closed;
 *  - a pipe that is given up with bytes in it is closed, never reused;
 *  - there are at most as many pipes as `holdings` has room for, and each is recorded there.
 */
import { constants } from 'node:os';
import type { Kernel } from '../../kernel/loop-calls.ts';

/**
 * Sizes of the first pipes of a worker, and of the others. An unprivileged user may have 64 MiB of pipes in all of its
 * processes; beyond that F_SETPIPE_SZ fails with EPERM. So a worker requests 22 MB at most.
 */
const LARGE_BYTES = 1024 * 1024;
const LARGE_PIPES = 8;
const SMALL_BYTES = 256 * 1024;

/**
 * How long to copy before a pipe is requested again. Other processes of this user may close theirs meanwhile, and a
 * request costs two calls.
 */
const PAUSE_MS = 1_000;

export const { EMFILE: NO_PIPE } = constants.errno;

interface Pipe {
  /** Its index in the holdings. */
  readonly index: number;
  readonly output: number;
  readonly input: number;
  bytes: number;
}

export class Pipes {
  readonly #sys: Kernel;
  /** Two for each pipe: output, input. 0: none. */
  readonly #holdings: Int32Array;
  readonly #empty: Pipe[] = [];
  /** By the side that the bytes are for. */
  readonly #filled = new Map<number, Pipe>();
  readonly #nowMs: () => number;
  /** No pipe is requested before this. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  /** `holdings` holds zeros, two for each pipe that may be opened. */
  constructor(sys: Kernel, holdings: Int32Array, nowMs: () => number) {
    this.#sys = sys;
    this.#holdings = holdings;
    this.#nowMs = nowMs;
  }

  /**
   * Moves bytes from a socket into an empty pipe, for `side`: at most `size`, and at most what the pipe holds. Returns
   * how many bytes, 0 at the end, or the errno negated; -NO_PIPE: copy instead.
   */
  fill(side: number, socket: number, size: number): number {
    const pipe = this.#empty.pop() ?? this.#open();
    if (!pipe) return -NO_PIPE;
    const got = this.#sys.splice(socket, pipe.input, size);
    if (got > 0) {
      pipe.bytes = got;
      this.#filled.set(side, pipe);
    } else {
      this.#empty.push(pipe);
    }
    return got;
  }

  /** Moves the bytes in the pipe of `side` to its socket. Returns how many, or the errno negated. */
  drain(side: number, socket: number): number {
    const pipe = this.#filled.get(side);
    if (!pipe) return 0;
    const taken = this.#sys.splice(pipe.output, socket, pipe.bytes);
    if (taken <= 0) return taken;
    pipe.bytes -= taken;
    if (pipe.bytes === 0) {
      this.#filled.delete(side);
      this.#empty.push(pipe);
    }
    return taken;
  }

  isFilled(side: number): boolean {
    return this.#filled.has(side);
  }

  /** Drops the bytes for a side, if there are any. */
  drop(side: number): void {
    const pipe = this.#filled.get(side);
    if (!pipe) return;
    this.#filled.delete(side);
    this.#close(pipe);
  }

  #open(): Pipe | null {
    if (this.#nowMs() < this.#pausedUntilMs) return null;
    const index = this.#vacantIndex();
    if (index < 0) return null;
    const large = index < LARGE_PIPES ? this.#sys.pipe(LARGE_BYTES) : null;
    const ends = large ?? this.#sys.pipe(SMALL_BYTES);
    if (ends === null) {
      this.#pausedUntilMs = this.#nowMs() + PAUSE_MS;
      return null;
    }
    this.#holdings[2 * index] = ends.output;
    this.#holdings[2 * index + 1] = ends.input;
    return { index, ...ends, bytes: 0 };
  }

  #vacantIndex(): number {
    for (let index = 0; 2 * index < this.#holdings.length; index++) {
      if (this.#holdings[2 * index] === 0) return index;
    }
    return -1;
  }

  #close({ input, output, index }: Pipe): void {
    this.#holdings[2 * index] = 0;
    this.#holdings[2 * index + 1] = 0;
    this.#sys.close(input);
    this.#sys.close(output);
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
  }
}
