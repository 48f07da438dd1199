/**
 * Keeps bytes that were read from one side until the other one accepts them.
 *
 * At most the rest of one read is parked for a side. After that the relay peeks: bytes that it can't pass on stay in
 * the kernel, where flow control holds their sender back. So a worker parks little however many of its peers are slow,
 * and when the budget is used up it peeks everywhere and parks nothing more.
 *
 * Invariant: `bytes` is at most the budget if the caller checks `hasRoom` before it reads what it may have to park.
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

  /** How many are parked now. */
  get bytes(): number {
    return this.#bytes;
  }

  hasRoom(bytes: number): boolean {
    return this.#bytes + bytes <= this.#budget;
  }

  /** Parks a copy of `bytes` for a side that has nothing parked yet. */
  park(side: number, bytes: Uint8Array): void {
    const memory = bytes.slice();
    this.#parked.set(side, { memory, at: this.#ffi.address(memory), start: 0 });
    this.#bytes += memory.length;
  }

  /** Passes what is parked for a side to `send`, which returns how much was taken, or the errno negated. */
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

  /** Drops what is parked for a side, if anything is. */
  drop(side: number): void {
    const parked = this.#parked.get(side);
    if (!parked) return;
    this.#parked.delete(side);
    this.#bytes -= parked.memory.length;
  }
}
