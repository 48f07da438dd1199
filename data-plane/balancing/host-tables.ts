/**
 * What source_hash looks clients up in: for each tier, Maglev's table of its hosts (maglev.ts).
 *
 * Invariants
 *  - a table is a function of its tier's hosts and their weights alone, whatever their ports and the other tiers: pools of
 *    the same hosts have the same one, and a reserve that comes or goes moves nobody who is not its own client;
 *  - a host on several ports has one place, with the sum of their weights;
 *  - everything that is as long as a pool or a table lies in shared memory.
 */
import { buildMaglevTable, hashText } from './maglev.ts';

export interface HostTables {
  /** By tier: the first candidate of the host of each entry. Empty where nothing of the tier has weight. */
  readonly byTier: readonly Uint32Array[];
  /** By candidate: tier; null: all are of tier 0. */
  readonly tiers: Uint8Array | null;
  /** By the first candidate of a host: one past its last. */
  readonly ends: Uint32Array;
  /** By candidate: hash of its address. */
  readonly keys: Uint32Array;
}

// `!` in this file: indexes are below the lengths fixed at the top of each function.

/** The candidates are sorted by address, so that those of a host stand together. */
export function buildHostTables(
  candidates: readonly { readonly host: string; readonly address: string }[],
  { weights, tiers }: { readonly weights: Uint16Array; readonly tiers: Uint8Array | null },
): HostTables {
  const count = candidates.length;
  const memory = new SharedArrayBuffer(count * 2 * Uint32Array.BYTES_PER_ELEMENT);
  const ends = new Uint32Array(memory, 0, count);
  const keys = new Uint32Array(memory, count * Uint32Array.BYTES_PER_ELEMENT, count);
  const firsts: number[] = [];
  for (const [candidate, { host, address }] of candidates.entries()) {
    keys[candidate] = hashText(address, 0x5bd1e995);
    if (candidates[candidate - 1]?.host !== host) firsts.push(candidate);
    ends[firsts.at(-1)!] = candidate + 1;
  }
  const tierCount = 1 + (tiers?.reduce((most, tier) => Math.max(most, tier), 0) ?? 0);
  const byTier = Array.from({ length: tierCount }, (_, tier) => {
    const hosts = firsts.map((first) => {
      let weight = 0;
      for (let candidate = first; candidate < ends[first]!; candidate++) {
        if ((tiers?.[candidate] ?? 0) === tier) weight += weights[candidate]!;
      }
      return { host: candidates[first]!.host, weight };
    });
    const table = buildMaglevTable(hosts);
    for (let entry = 0; entry < table.length; entry++) table[entry] = firsts[table[entry]!]!;
    return table;
  });
  return { byTier, tiers, ends, keys };
}
