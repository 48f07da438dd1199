/**
 * Connections for which the kernel had no memory (ENOBUFS, ENOMEM). Their sockets are healthy, and no event reports when
 * memory is available again, so each is retried after a while, a bounded number of times.
 */
import type { LoopContext } from './loop-context.ts';

const RETRY_MS = 50;
/** After 10 s without memory for one send or read the connection is given up. */
const MOST_RETRIES = 200;

interface Retry {
  retries: number;
  /** Waiting for the next retry. False: its turn is due, and shows whether there is memory again. */
  isWaiting: boolean;
}

export class MemoryRetries {
  readonly #context: LoopContext;
  /** By slot. */
  readonly #retries = new Map<number, Retry>();

  constructor(context: LoopContext) {
    this.#context = context;
  }

  /** All share one deadline, under a slot number that no connection can have. */
  get deadlineId(): number {
    return this.#context.slots.capacity;
  }

  /** Call it after each turn of a slot. False: there were too many retries. */
  turned(slot: number, lacksMemory: boolean): boolean {
    if (!lacksMemory && this.#retries.size === 0) return true;
    const entry = this.#retries.get(slot);
    if (!lacksMemory) {
      // A turn before the retry may have been about the other direction.
      if (entry?.isWaiting === false) this.#retries.delete(slot);
      return true;
    }
    if (this.#retries.size === 0) this.#arm();
    if (!entry) this.#retries.set(slot, { retries: 0, isWaiting: true });
    else if (!entry.isWaiting) {
      entry.retries += 1;
      entry.isWaiting = true;
    }
    return (entry?.retries ?? 0) <= MOST_RETRIES;
  }

  /** The deadline has passed: retries every connection. */
  onDeadline(retry: (slot: number) => void): void {
    for (const [slot, entry] of this.#retries) {
      entry.isWaiting = false;
      retry(slot);
    }
    if (this.#retries.size > 0) this.#arm();
  }

  forget(slot: number): void {
    if (this.#retries.size > 0) this.#retries.delete(slot);
  }

  #arm(): void {
    this.#context.deadlines.set(this.deadlineId, this.#context.nowMs + RETRY_MS);
  }
}
