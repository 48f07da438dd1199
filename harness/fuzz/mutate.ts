/** Bytes that nobody would send: those of something valid, changed in a few of the ways in which parsers go wrong. */
import { type Random, randomBelow } from '../../core/runtime/random.ts';

/** Lengths and signs at their limits. */
const EDGES = [0, 1, 0x0a, 0x0d, 0x20, 0x7f, 0x80, 0xfe, 0xff] as const;
const MAX_CHANGES = 6;
/** So that a run spends its time on parsing. */
const MAX_BYTES = 20_000;

export function mutated(seeds: readonly Uint8Array[], random: Random): Uint8Array {
  let bytes: Uint8Array = pick(seeds, random).slice();
  for (let left = randomBelow(random, MAX_CHANGES); left >= 0; left -= 1)
    bytes = changed(bytes, seeds, random);
  return bytes.subarray(0, MAX_BYTES);
}

function changed(bytes: Uint8Array, seeds: readonly Uint8Array[], random: Random): Uint8Array {
  const at = randomBelow(random, bytes.length + 1);
  switch (randomBelow(random, 7)) {
    case 0:
      return bytes.subarray(0, at);
    case 1:
      if (at < bytes.length) bytes[at] = pick(EDGES, random);
      return bytes;
    case 2:
      if (at < bytes.length) bytes[at]! ^= 1 << randomBelow(random, 8); // `!`: it is within.
      return bytes;
    case 3:
      if (at < bytes.length) bytes[at] = randomBelow(random, 256);
      return bytes;
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(randomBelow(random, bytes.length + 1)));
    case 5:
      return joined(bytes.subarray(0, at), pick(seeds, random).subarray(at));
    default:
      return joined(bytes.subarray(0, at), new Uint8Array(randomBelow(random, 40)).fill(pick(EDGES, random)));
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

function pick<Item>(items: readonly Item[], random: Random): Item {
  return items[randomBelow(random, items.length)]!; // `!`: there is at least one.
}
