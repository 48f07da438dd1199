/**
 * Bytes that were read from one side and that the other did not take, until it does.
 *
 * A side that does not take all parks once, at most what one read brings. After that the relay peeks: bytes it can't
 * pass on stay in the kernel, where flow control holds their sender back. So a worker parks little however many of
 * its peers are slow, and when the budget is used up it peeks everywhere, and parks nothing more.
 *
 * Invariant: `bytes` is at most the budget, if the caller asks `hasRoom` before it reads what it may have to park.
 */
import type { Ffi } from '../../kernel/ffi.ts';

interface Parked {
  /** Keeps the memory at `at` alive. */
  readonly memory: Uint8Array;
  readonly at: number;
  start: number;
}

export class Parking {
  readonly #ffi: Pick<Ffi, 'address'>;
  readonly #budget: number;
  /** By side. */
  readonly #parked = new Map<number, Parked>();
  #bytes = 0;

  constructor(ffi: Pick<Ffi, 'address'>, budget: number) {
    this.#ffi = ffi;
    this.#budget = budget;
  }

  /** Held now. */
  get bytes(): number {
    return this.#bytes;
  }

  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#budget;
  }

  /** Copies `bytes`. The side has nothing parked yet. */
  park(side: number, bytes: Uint8Array): void {
    const memory = bytes.slice();
    this.#parked.set(side, { memory, at: this.#ffi.address(memory), start: 0 });
    this.#bytes += memory.length;
  }

  /** Gives what is parked for a side to `send`, which returns how much was taken, or an errno negated. */
  offer(side: number, send: (at: number, size: number) => number): number {
    const parked = this.#parked.get(side);
    if (!parked) return 0;
    const size = parked.memory.length - parked.start;
    const taken = send(parked.at + parked.start, size);
    if (taken < 0) return taken;
    parked.start += taken;
    if (taken === size) this.drop(side);
    return taken;
  }

  isParked(side: number): boolean {
    return this.#parked.has(side);
  }

  /** Forgets what is parked for a side, if anything is. */
  drop(side: number): void {
    const parked = this.#parked.get(side);
    if (!parked) return;
    this.#parked.delete(side);
    this.#bytes -= parked.memory.length;
  }
}
