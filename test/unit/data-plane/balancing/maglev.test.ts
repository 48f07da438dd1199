import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  buildMaglevTable,
  MAGLEV_ENTRIES,
  type MaglevCandidate,
} from '../../../../data-plane/balancing/maglev.ts';

function backends(count: number, weight: (n: number) => number = () => 1): MaglevCandidate[] {
  return Array.from({ length: count }, (_, n) => ({
    host: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:80`,
    weight: weight(n),
  }));
}

function entriesOf(table: Uint32Array, count: number): number[] {
  const entries = Array.from({ length: count }, () => 0);
  for (const candidate of table) entries[candidate] = (entries[candidate] ?? 0) + 1;
  return entries;
}

describe('buildMaglevTable', () => {
  it('gives equal weights numbers of entries that differ by at most one', () => {
    for (const count of [1, 2, 3, 7, 100, 1_000, 10_000]) {
      const entries = entriesOf(buildMaglevTable(backends(count)), count);
      assert.ok(Math.max(...entries) - Math.min(...entries) <= 1, `${count} backends`);
    }
  });

  it('gives other weights their share of entries to within a turn, and nothing to weight 0', () => {
    const weighted = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(weighted, (weights) => {
        fc.pre(weights.some((weight) => weight > 0));
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const table = buildMaglevTable(backends(weights.length, (n) => weights[n] ?? 0));
        assert.equal(table.length, MAGLEV_ENTRIES);
        const rounds = MAGLEV_ENTRIES / (total / Math.max(...weights));
        for (const [n, entries] of entriesOf(table, weights.length).entries()) {
          const weight = weights[n] ?? 0;
          if (weight === 0) assert.equal(entries, 0);
          else {
            const expected = (rounds * weight) / Math.max(...weights);
            // Everybody's first turn comes in round 0, which shifts the others by as much as a turn each.
            assert.ok(entries >= 1 && Math.abs(entries - expected) <= 2 + weights.length * (weight / total));
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('moves few entries beyond those of a backend that leaves, wherever it stands', () => {
    for (const count of [2, 5, 20, 100]) {
      for (const gone of [0, count >> 1, count - 1]) {
        const all = backends(count);
        const before = buildMaglevTable(all);
        const rest = all.filter((_, n) => n !== gone);
        const after = buildMaglevTable(rest);
        let moved = 0;
        for (const [entry, candidate] of before.entries()) {
          if (candidate !== gone && all[candidate]?.host !== rest[after[entry] ?? 0]?.host) moved++;
        }
        const share = moved / (MAGLEV_ENTRIES * (1 - 1 / count));
        assert.ok(share < 0.06, `${count} backends without ${gone}: ${(100 * share).toFixed(2)} % moved`);
      }
    }
  });

  it('never changes: every proxy of the fleet must build the same', () => {
    const table = buildMaglevTable(backends(5, (n) => n + 1));
    let sum = 0;
    for (const candidate of table) sum = (Math.imul(sum, 31) + candidate) >>> 0;
    assert.equal(sum, 58_996_245);
  });
});
