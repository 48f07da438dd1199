/** Chance, as an argument. Only this file may touch Math.random; tests pass a seed. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
}

export const systemRandom: Random = { next: () => Math.random() };

/**
 * A reproducible sequence (mulberry32, Tommy Ettinger, public domain) with period 2^32: good enough to spread load and
 * to repeat a test, not for secrets.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}

/** A whole number in [0, bound). */
export function randomBelow(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}

/** Uniform in [from, to). */
export function randomBetween(random: Random, from: number, to: number): number {
  return from + random.next() * (to - from);
}
