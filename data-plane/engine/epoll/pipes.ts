/**
 * Pipes for bulk: bytes go from socket to socket inside the kernel, without a copy to us (splice).
 *
 * A pipe belongs to a side only while bytes for it are in the pipe, so few pipes serve many connections. When none is
 * to be had the relay copies.
 *
 * Invariants
 *  - a pipe is filled only when it is empty: then EAGAIN speaks of the socket;
 *  - when the kernel refuses a pipe, none is asked for during PAUSE_MS, unless one of ours is closed;
 *  - a pipe that is given up with bytes in it is closed, never used again;
 *  - at most as many pipes as `holdings` has room for; each stands there, for whoever outlives this thread.
 */
import { constants } from 'node:os';
import type { Kernel } from '../../kernel/loop-calls.ts';

/**
 * What the first pipes of a worker are to hold, and the others. A user without privileges has 64 MiB of pipes, for all
 * workers and all else it runs: then F_SETPIPE_SZ says EPERM. So a worker asks for 22 MB at most.
 */
const LARGE_BYTES = 1024 * 1024;
const LARGE_PIPES = 8;
const SMALL_BYTES = 256 * 1024;

/**
 * How long to copy before a pipe is asked for again. Other processes of this user may give theirs back meanwhile, and
 * asking costs two calls.
 */
const PAUSE_MS = 1_000;

export const { EMFILE: NO_PIPE } = constants.errno;

interface Pipe {
  /** Its place in the holdings. */
  readonly place: number;
  readonly output: number;
  readonly input: number;
  bytes: number;
}

export class Pipes {
  readonly #sys: Kernel;
  /** Two a pipe: output, input. 0: none. */
  readonly #holdings: Int32Array;
  readonly #empty: Pipe[] = [];
  /** By side that the bytes are for. */
  readonly #filled = new Map<number, Pipe>();
  readonly #nowMs: () => number;
  /** No pipe is asked for before this. */
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  /** `holdings` holds zeros, two for each pipe that there may be. */
  constructor(sys: Kernel, holdings: Int32Array, nowMs: () => number) {
    this.#sys = sys;
    this.#holdings = holdings;
    this.#nowMs = nowMs;
  }

  /** How many pipes hold bytes. */
  get filled(): number {
    return this.#filled.size;
  }

  /**
   * Moves what a socket has into an empty pipe, for `side`: at most `size`, and what the pipe holds. Returns how many
   * bytes, 0 at the end, or an errno negated; -NO_PIPE: copy instead.
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

  /** Moves what is in the pipe of `side` to its socket. Returns how many bytes, or an errno negated. */
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

  /** Forgets the bytes for a side, if there are any. */
  drop(side: number): void {
    const pipe = this.#filled.get(side);
    if (!pipe) return;
    this.#filled.delete(side);
    this.#close(pipe);
  }

  #open(): Pipe | null {
    if (this.#nowMs() < this.#pausedUntilMs) return null;
    const place = this.#vacantPlace();
    if (place < 0) return null;
    const large = place < LARGE_PIPES ? this.#sys.pipe(LARGE_BYTES) : null;
    const ends = large ?? this.#sys.pipe(SMALL_BYTES);
    if (ends === null) {
      this.#pausedUntilMs = this.#nowMs() + PAUSE_MS;
      return null;
    }
    this.#holdings[2 * place] = ends.output;
    this.#holdings[2 * place + 1] = ends.input;
    return { place, ...ends, bytes: 0 };
  }

  #vacantPlace(): number {
    for (let place = 0; 2 * place < this.#holdings.length; place++) {
      if (this.#holdings[2 * place] === 0) return place;
    }
    return -1;
  }

  #close({ input, output, place }: Pipe): void {
    this.#holdings[2 * place] = 0;
    this.#holdings[2 * place + 1] = 0;
    this.#sys.close(input);
    this.#sys.close(output);
    this.#pausedUntilMs = Number.NEGATIVE_INFINITY;
  }
}
