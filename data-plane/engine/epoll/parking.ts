/**
 * Keeps bytes that were read from one side until the other one accepts them.
 *
 * At most the rest of one read is parked for a side. After that the relay peeks: bytes that it can't pass on stay in
 * the kernel, where flow control holds their sender back. So a worker parks little however many of its peers are slow,
 * and when the budget is used up it peeks everywhere and parks nothing more.
 *
 * Invariant: memory is taken in blocks, which are kept and used again, so all of it is never more than the budget: the
 * garbage collector would leave dead buffers of a slow reader around for longer than the control group can bear.
 */
import assert from 'node:assert/strict';
import type { Ffi } from '../../kernel/ffi.ts';
import { READ_BYTES } from './sizes.ts';

interface Block {
  readonly memory: Uint8Array;
  /** The address of the memory. */
  readonly at: number;
  /** What is parked in it. */
  start: number;
  end: number;
}

export class Parking {
  readonly #ffi: Pick<Ffi, 'address'>;
  /** How many blocks may still be made. */
  #blocksLeft: number;
  readonly #empty: Block[] = [];
  /** By side. */
  readonly #parked = new Map<number, Block>();

  constructor(ffi: Pick<Ffi, 'address'>, budget: number) {
    this.#ffi = ffi;
    this.#blocksLeft = Math.floor(budget / READ_BYTES);
  }

  /** How many are parked now. */
  get bytes(): number {
    let sum = 0;
    for (const { start, end } of this.#parked.values()) sum += end - start;
    return sum;
  }

  /** Whether what one read brings can be parked. */
  get hasRoom(): boolean {
    return this.#empty.length > 0 || this.#blocksLeft > 0;
  }

  /** Parks a copy of `bytes`, at most READ_BYTES, for a side that has nothing parked yet. */
  park(side: number, bytes: Uint8Array): void {
    assert.ok(this.hasRoom && !this.#parked.has(side), 'parked without room, or over other bytes');
    const block = this.#empty.pop() ?? this.#newBlock();
    block.memory.set(bytes);
    block.start = 0;
    block.end = bytes.length;
    this.#parked.set(side, block);
  }

  /** Passes what is parked for a side to `send`, which returns how much was taken, or the errno negated. */
  offer(side: number, send: (at: number, size: number) => number): number {
    const block = this.#parked.get(side);
    if (!block) return 0;
    const taken = send(block.at + block.start, block.end - block.start);
    if (taken < 0) return taken;
    block.start += taken;
    if (block.start === block.end) this.drop(side);
    return taken;
  }

  isParked(side: number): boolean {
    return this.#parked.has(side);
  }

  /** Drops what is parked for a side, if anything is. */
  drop(side: number): void {
    const block = this.#parked.get(side);
    if (!block) return;
    this.#parked.delete(side);
    this.#empty.push(block);
  }

  #newBlock(): Block {
    this.#blocksLeft -= 1;
    const memory = new Uint8Array(READ_BYTES);
    return { memory, at: this.#ffi.address(memory), start: 0, end: 0 };
  }
}
