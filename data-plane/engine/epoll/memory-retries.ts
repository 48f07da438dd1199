/**
 * Connections for which the kernel had no memory just now (ENOBUFS, ENOMEM): the socket is well, and no event tells when
 * there is memory again. So each is tried again after a while, a bounded number of times.
 */
import type { LoopContext } from './loop-context.ts';

const RETRY_MS = 50;
/** 10 s without memory for one send or read: then the connection is given up. */
const MOST_RETRIES = 200;

interface Starved {
  retries: number;
  /** For the next retry; else its turn comes now, and says whether there is memory again. */
  isWaiting: boolean;
}

export class StarvedList {
  readonly #context: LoopContext;
  /** By slot. */
  readonly #starved = new Map<number, Starved>();

  constructor(context: LoopContext) {
    this.#context = context;
  }

  /** One deadline serves all: that of a slot which nobody can have. */
  get deadlineId(): number {
    return this.#context.slots.capacity;
  }

  /** After each turn of a slot. False: it has been tried often enough. */
  turned(slot: number, isStarved: boolean): boolean {
    if (!isStarved && this.#starved.size === 0) return true;
    const entry = this.#starved.get(slot);
    if (!isStarved) {
      // A turn before the retry may have been about the other direction.
      if (entry?.isWaiting === false) this.#starved.delete(slot);
      return true;
    }
    if (this.#starved.size === 0) this.#arm();
    if (!entry) this.#starved.set(slot, { retries: 0, isWaiting: true });
    else if (!entry.isWaiting) {
      entry.retries += 1;
      entry.isWaiting = true;
    }
    return (entry?.retries ?? 0) <= MOST_RETRIES;
  }

  /** The deadline has passed: gives each its turn. */
  onDeadline(again: (slot: number) => void): void {
    for (const [slot, entry] of this.#starved) {
      entry.isWaiting = false;
      again(slot);
    }
    if (this.#starved.size > 0) this.#arm();
  }

  forget(slot: number): void {
    if (this.#starved.size > 0) this.#starved.delete(slot);
  }

  #arm(): void {
    this.#context.deadlines.set(this.deadlineId, this.#context.nowMs + RETRY_MS);
  }
}
