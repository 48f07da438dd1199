/**
 * Timers of many connections, one for each id (a slot), in a hierarchical timing wheel (Varghese and Lauck, 1987).
 * It has four levels of 256 buckets. A bucket of level 0 holds one tick, one of the next level 256 times as much, and so
 * on; when its time comes it is spread over the level below.
 *
 * Invariants
 *  - set, move and cancel are O(1); an id is moved down three times at most before it expires;
 *  - an id expires once for each `set`, never before its deadline, and with the first `advance` a tick or more after it;
 *  - memory is allocated only when `set` gets an id beyond the capacity, which then doubles.
 */
const LEVELS = 4;
const BUCKETS = 256;
const NONE = -1;
/** At the start. */
const CAPACITY = 64;
/** The longest delay that one round of the wheel can hold; a later deadline goes round again. */
const HORIZON_TICKS = BUCKETS ** LEVELS - 1;

export class TimingWheel {
  readonly #tickMs: number;
  /** Every deadline up to this tick has expired. */
  #tick: number;
  #count = 0;
  readonly #heads = new Int32Array(LEVELS * BUCKETS).fill(NONE);
  #next = new Int32Array(CAPACITY).fill(NONE);
  #previous = new Int32Array(CAPACITY).fill(NONE);
  /** Index in #heads, or NONE when the id has no timer. */
  #bucket = new Int32Array(CAPACITY).fill(NONE);
  #deadline = new Float64Array(CAPACITY);

  constructor(tickMs: number, nowMs: number) {
    this.#tickMs = tickMs;
    this.#tick = Math.floor(nowMs / tickMs);
  }

  /** Starts the timer of `id`, or moves it. A deadline that has passed expires with the next tick. */
  set(id: number, deadlineMs: number): void {
    if (id >= this.#bucket.length) this.#grow(id);
    if (this.#bucket[id] !== NONE) this.#unlink(id);
    this.#deadline[id] = Math.max(Math.ceil(deadlineMs / this.#tickMs), this.#tick + 1);
    this.#link(id);
  }

  /** Stops the timer of `id`, if it has one. */
  cancel(id: number): void {
    if (id < this.#bucket.length && this.#bucket[id] !== NONE) this.#unlink(id);
  }

  /** Expires the timers that are due. `expire` may set and cancel any timer; it must not throw. */
  advance(nowMs: number, expire: (id: number) => void): void {
    const target = Math.floor(nowMs / this.#tickMs);
    while (this.#tick < target) {
      // The buckets between are empty, so they are skipped.
      this.#tick = Math.min(target, this.#nextTick());
      this.#cascade();
      const bucket = this.#tick % BUCKETS;
      for (let id = this.#heads[bucket]!; id !== NONE; id = this.#heads[bucket]!) {
        this.#unlink(id);
        expire(id);
      }
    }
  }

  /** When `advance` next has something to do, in milliseconds; Infinity when no timer is set. */
  nextMs(): number {
    return this.#nextTick() * this.#tickMs;
  }

  /** The next tick whose bucket, of any level, is not empty. */
  #nextTick(): number {
    let earliest = Number.POSITIVE_INFINITY;
    if (this.#count === 0) return earliest;
    for (let level = 0, span = 1; level < LEVELS; level++, span *= BUCKETS) {
      const now = Math.floor(this.#tick / span);
      for (let ahead = 1; ahead <= BUCKETS && (now + ahead) * span < earliest; ahead++) {
        if (this.#heads[level * BUCKETS + ((now + ahead) % BUCKETS)] !== NONE)
          earliest = (now + ahead) * span;
      }
    }
    return earliest;
  }

  /** Spreads the buckets whose time has come, from the highest level down. */
  #cascade(): void {
    for (let level = LEVELS - 1; level > 0; level--) {
      const span = BUCKETS ** level;
      if (this.#tick % span !== 0) continue;
      const bucket = level * BUCKETS + (Math.floor(this.#tick / span) % BUCKETS);
      let id = this.#heads[bucket]!;
      this.#heads[bucket] = NONE;
      while (id !== NONE) {
        const next = this.#next[id]!;
        this.#count -= 1;
        this.#link(id);
        id = next;
      }
    }
  }

  #link(id: number): void {
    const bucket = this.#bucketFor(this.#deadline[id]!);
    const head = this.#heads[bucket]!;
    this.#bucket[id] = bucket;
    this.#next[id] = head;
    this.#previous[id] = NONE;
    if (head !== NONE) this.#previous[head] = id;
    this.#heads[bucket] = id;
    this.#count += 1;
  }

  /** A deadline of the current tick (only possible while cascading) goes into its bucket, which `advance` empties next. */
  #bucketFor(deadline: number): number {
    const tick = Math.min(deadline, this.#tick + HORIZON_TICKS);
    let span = 1;
    let level = 0;
    while (tick - this.#tick >= span * BUCKETS) {
      span *= BUCKETS;
      level += 1;
    }
    return level * BUCKETS + (Math.floor(tick / span) % BUCKETS);
  }

  #unlink(id: number): void {
    const next = this.#next[id]!;
    const previous = this.#previous[id]!;
    if (previous === NONE) this.#heads[this.#bucket[id]!] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.#bucket[id] = NONE;
    this.#count -= 1;
  }

  #grow(id: number): void {
    const capacity = Math.max(id + 1, this.#bucket.length * 2);
    this.#next = copied(new Int32Array(capacity).fill(NONE), this.#next);
    this.#previous = copied(new Int32Array(capacity).fill(NONE), this.#previous);
    this.#bucket = copied(new Int32Array(capacity).fill(NONE), this.#bucket);
    this.#deadline = copied(new Float64Array(capacity), this.#deadline);
  }
}

function copied<T extends Int32Array | Float64Array>(into: T, from: T): T {
  into.set(from);
  return into;
}
