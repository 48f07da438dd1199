/**
 * The slots that have something to do, each at most once, in the order they were added. Slots that are added during a
 * run wait for the next one.
 *
 * These are typed arrays because an emptied JavaScript array gives its memory back, and the next event of every wait
 * would allocate it again (1 % of the time of a busy worker).
 */
export class ReadyList {
  #filling: Int32Array;
  #count = 0;
  #running: Int32Array;
  /** By slot: 1 while it is in #filling. */
  readonly #isQueued: Uint8Array;

  constructor(capacity: number) {
    this.#filling = new Int32Array(capacity);
    this.#running = new Int32Array(capacity);
    this.#isQueued = new Uint8Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  add(slot: number): void {
    if (this.#isQueued[slot] === 1) return;
    this.#isQueued[slot] = 1;
    this.#filling[this.#count++] = slot;
  }

  /** Calls `action` for each slot that was added before; it must not throw. A slot may be free again by then. */
  run(action: (slot: number) => void): void {
    const running = this.#filling;
    const count = this.#count;
    this.#filling = this.#running;
    this.#running = running;
    this.#count = 0;
    for (let index = 0; index < count; index++) {
      const slot = running[index]!; // `!`: below the count.
      this.#isQueued[slot] = 0;
      action(slot);
    }
  }
}
