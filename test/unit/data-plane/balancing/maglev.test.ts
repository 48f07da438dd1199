import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { sourceHash } from '../../../../core/model/source-hash.ts';
import { NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import {
  buildMaglevTable,
  MAGLEV_ENTRIES,
  type MaglevCandidate,
} from '../../../../data-plane/balancing/maglev.ts';
import { SourceHash } from '../../../../data-plane/balancing/source-hash.ts';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';
import { FakeCandidates } from '../../../../harness/worker/fake-candidates.ts';

const nothing = new TriedSet();

function backends(count: number, weight: (n: number) => number = () => 1): MaglevCandidate[] {
  return Array.from({ length: count }, (_, n) => ({
    address: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}:80`,
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
          if (candidate !== gone && all[candidate]?.address !== rest[after[entry] ?? 0]?.address) moved++;
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

describe('source_hash', () => {
  const weights = [1, 2, 1, 3, 1, 1, 2, 1];
  const table = buildMaglevTable(backends(weights.length, (n) => weights[n] ?? 0));
  const inputs = { random: seededRandom(1), turn: new Int32Array(1), table, previous: null };
  const clients = Array.from({ length: 20_000 }, (_, n) => sourceHash(`172.16.${n >> 8}.${n & 255}`));

  function choices(down: readonly number[]): number[] {
    const candidates = new FakeCandidates(weights);
    candidates.set(false, ...down);
    const balancer = new SourceHash({ candidates, ...inputs });
    return clients.map((hash) => balancer.pick({ sourceHash: hash, nowMs: 0 }, nothing));
  }

  it('agrees between two proxies of different health views wherever the choice is up in both', () => {
    const everything = choices([]);
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(7), { maxLength: 6 }),
        fc.uniqueArray(fc.nat(7), { maxLength: 6 }),
        (downHere, downThere) => {
          const here = choices(downHere);
          const there = choices(downThere);
          for (const [client, home] of everything.entries()) {
            if (downHere.includes(home) || downThere.includes(home)) continue;
            assert.equal(here[client], home);
            assert.equal(there[client], home);
          }
        },
      ),
      { numRuns: 25 },
    );
  });

  it('moves only the clients of what went down, and spreads them by weight', () => {
    const before = choices([]);
    const after = choices([3]);
    const landed = weights.map(() => 0);
    for (const [client, home] of before.entries()) {
      const now = after[client] ?? NO_BACKEND;
      if (home !== 3) assert.equal(now, home);
      else landed[now] = (landed[now] ?? 0) + 1;
    }
    const orphans = landed.reduce((sum, count) => sum + count, 0);
    for (const [candidate, weight] of weights.entries()) {
      const expected = candidate === 3 ? 0 : (orphans * weight) / 9;
      assert.ok(Math.abs((landed[candidate] ?? 0) - expected) <= 5 * Math.sqrt(expected), landed.join(' '));
    }
  });

  it('shares fairly even when nearly all are down', () => {
    const all = backends(2_000);
    const candidates = new FakeCandidates(all.map(() => 1));
    candidates.set(false, ...Array.from({ length: 1_996 }, (_, n) => n));
    const balancer = new SourceHash({ candidates, ...inputs, table: buildMaglevTable(all) });
    const counts = new Map<number, number>();
    for (const hash of clients.slice(0, 4_000)) {
      const picked = balancer.pick({ sourceHash: hash, nowMs: 0 }, nothing);
      counts.set(picked, (counts.get(picked) ?? 0) + 1);
    }
    assert.deepEqual(
      [...counts.keys()].toSorted((a, b) => a - b),
      [1_996, 1_997, 1_998, 1_999],
    );
    for (const count of counts.values()) assert.ok(Math.abs(count - 1_000) < 150, [...counts].join(' '));
  });

  it('refuses to be made without a table', () => {
    const candidates = new FakeCandidates([1]);
    assert.throws(() => new SourceHash({ candidates, ...inputs, table: null }), /build-plan/);
  });
});
