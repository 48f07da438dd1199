import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { sourceHash } from '../../../../core/model/source-hash.ts';
import { seededRandom } from '../../../../core/runtime/random.ts';
import { NO_BACKEND } from '../../../../data-plane/balancing/balancer.ts';
import { buildHostTables, type HostTables } from '../../../../data-plane/balancing/host-tables.ts';
import { buildMaglevTable } from '../../../../data-plane/balancing/maglev.ts';
import { SourceHash } from '../../../../data-plane/balancing/source-hash.ts';
import { TriedSet } from '../../../../data-plane/balancing/tried-set.ts';
import { FakeCandidates, hostsOf } from '../../../../harness/worker/fake-candidates.ts';

const nothing = new TriedSet();
const inputs = { random: seededRandom(1), turn: new Int32Array(1), previous: null };
const clients = Array.from({ length: 20_000 }, (_, n) => sourceHash(`172.16.${n >> 8}.${n & 255}`));

function picksOf(candidates: FakeCandidates, hosts: HostTables): number[] {
  const balancer = new SourceHash({ candidates, ...inputs, hosts });
  return clients.map((hash) => balancer.pick({ sourceHash: hash, nowMs: 0 }, nothing));
}

describe('source_hash', () => {
  const weights = [1, 2, 1, 3, 1, 1, 2, 1];
  function choices(down: readonly number[]): number[] {
    const candidates = new FakeCandidates(weights);
    candidates.set(false, ...down);
    return picksOf(candidates, hostsOf(weights));
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

  it('looks for a backend once, not for each client, while the pool refuses', () => {
    let asked = 0;
    class Counted extends FakeCandidates {
      override eligible(candidate: number): boolean {
        asked += 1;
        return super.eligible(candidate);
      }
    }
    const candidates = new Counted(weights, { refuses: true });
    candidates.set(false, ...weights.keys());
    assert.ok(picksOf(candidates, hostsOf(weights)).every((pick) => pick === NO_BACKEND));
    assert.equal(asked, weights.length);
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
    const all = Array.from({ length: 2_000 }, () => 1);
    const candidates = new FakeCandidates(all);
    candidates.set(false, ...Array.from({ length: 1_996 }, (_, n) => n));
    const counts = new Map<number, number>();
    for (const picked of picksOf(candidates, hostsOf(all)).slice(0, 4_000)) {
      counts.set(picked, (counts.get(picked) ?? 0) + 1);
    }
    assert.deepEqual(
      [...counts.keys()].toSorted((a, b) => a - b),
      [1_996, 1_997, 1_998, 1_999],
    );
    for (const count of counts.values()) assert.ok(Math.abs(count - 1_000) < 150, [...counts].join(' '));
  });

  it('refuses to be made without tables', () => {
    const candidates = new FakeCandidates([1]);
    assert.throws(() => new SourceHash({ candidates, ...inputs, hosts: null }), /build-plan/);
  });
});

/** Where each client goes in a pool of these addresses, sorted as in a plan. Not given: weight 1, tier 0, up. */
function addressesOf(
  pool: Readonly<Record<string, { weight?: number; tier?: number; isDown?: boolean }>>,
): string[] {
  const sorted = Object.entries(pool).toSorted(([a], [b]) => (a < b ? -1 : 1));
  const tiers = sorted.map(([, { tier = 0 }]) => tier);
  const weights = sorted.map(([, { weight = 1 }]) => weight);
  const candidates = sorted.map(([address]) => ({ address, host: hostOf(address) }));
  const fake = new FakeCandidates(weights, { tiers });
  for (const [n, [, { isDown = false }]] of sorted.entries()) fake.set(!isDown, n);
  const hosts = buildHostTables(candidates, {
    weights: Uint16Array.from(weights),
    tiers: Math.max(...tiers) > 0 ? Uint8Array.from(tiers) : null,
  });
  return picksOf(fake, hosts).map((picked) => candidates[picked]?.address ?? 'none');
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

/** Eight hosts on a port each. */
function eightOn(port: (n: number) => number) {
  return Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`10.0.0.${n + 1}:${port(n)}`, {}]));
}

/** How many clients are elsewhere afterwards, of those that were at a place that `stays`. */
function movedOf(
  before: readonly string[],
  after: readonly string[],
  stays: (address: string) => boolean = () => true,
) {
  return before.filter((address, client) => stays(address) && after[client] !== address).length;
}

describe('source_hash by host', () => {
  const before = addressesOf(eightOn(() => 80));
  const hosts = (addresses: readonly string[]) => addresses.map(hostOf);

  it('keeps every client on its host in another pool of the same hosts, and when ports change', () => {
    assert.deepEqual(hosts(addressesOf(eightOn(() => 443))), hosts(before));
    assert.deepEqual(hosts(addressesOf(eightOn((n) => 9_000 - 1_111 * n))), hosts(before));
  });

  it('is plain Maglev over hosts where all are different', () => {
    const table = buildMaglevTable(
      Array.from({ length: 8 }, (_, n) => ({ host: `10.0.0.${n + 1}`, weight: 1 })),
    );
    assert.deepEqual(
      hosts(before),
      clients.map((hash) => `10.0.0.${(table[hash % table.length] ?? -1) + 1}`),
    );
  });

  it('gives a host on several ports one place, with the sum of their weights, and shares it by weight', () => {
    const two = { ...eightOn(() => 80), '10.0.0.3:81': { weight: 2 } };
    const after = addressesOf(two);
    assert.deepEqual(
      hosts(after),
      hosts(addressesOf({ ...eightOn(() => 80), '10.0.0.3:80': { weight: 3 } })),
    );
    const there = after.filter((address) => hostOf(address) === '10.0.0.3');
    const share = there.filter((address) => address === '10.0.0.3:81').length / there.length;
    assert.ok(Math.abs(there.length / clients.length - 0.3) < 0.02, `${there.length} of ${clients.length}`);
    assert.ok(Math.abs(share - 2 / 3) < 0.03, `${share}`);
  });

  it('moves a client to another port of its host before it goes elsewhere', () => {
    const ports = { '10.0.0.3:81': {}, '10.0.0.3:82': {} };
    const all = addressesOf({ ...eightOn(() => 80), ...ports });
    const one = addressesOf({ ...eightOn(() => 80), ...ports, '10.0.0.3:81': { isDown: true } });
    assert.deepEqual(hosts(one), hosts(all));
    assert.equal(
      movedOf(all, one, (address) => address !== '10.0.0.3:81'),
      0,
    );
    const down = { isDown: true };
    const none = addressesOf({
      ...eightOn(() => 80),
      '10.0.0.3:80': down,
      '10.0.0.3:81': down,
      '10.0.0.3:82': down,
    });
    assert.equal(
      movedOf(all, none, (address) => hostOf(address) !== '10.0.0.3'),
      0,
    );
  });

  it('moves nobody between ports of a host when another host comes, and few beyond Maglev between hosts', () => {
    const ports = { '10.0.0.3:81': {}, '10.0.0.3:82': {} };
    const all = addressesOf({ ...eightOn(() => 80), ...ports });
    const more = addressesOf({ ...eightOn(() => 80), ...ports, '10.0.0.10:80': {} });
    const movedWithin = all.filter(
      (address, n) => hostOf(more[n] ?? '') === hostOf(address) && more[n] !== address,
    );
    assert.equal(movedWithin.length, 0);
    const gone = addressesOf({ ...eightOn(() => 80), '10.0.0.3:81': {} });
    assert.equal(
      movedOf(hosts(all), hosts(gone), (host) => host === '10.0.0.9'),
      0,
    );
    const elsewhere = movedOf(all, gone, (address) => hostOf(address) !== '10.0.0.3');
    assert.ok(elsewhere < 0.06 * clients.length, `${elsewhere}`);
  });

  it('leaves every client of a tier where it is when a reserve comes, goes or is heavier', () => {
    for (const reserve of [
      { '10.0.0.9:80': { tier: 1 } },
      { '10.0.0.3:81': { tier: 1, weight: 9 }, '10.0.0.9:80': { tier: 2 } },
    ]) {
      assert.deepEqual(addressesOf({ ...eightOn(() => 80), ...reserve }), before);
    }
  });

  it('has a table of its own for a reserve, whoever is in the first tier', () => {
    const reserve = Object.fromEntries([101, 102, 103].map((n) => [`10.0.0.${n}:80`, { tier: 1 }] as const));
    const isDown = true;
    const alone = addressesOf({ '10.0.0.101:80': {}, '10.0.0.102:80': {}, '10.0.0.103:80': {} });
    for (const first of [
      { '10.0.0.1:80': { isDown } },
      { '10.0.0.200:80': { isDown }, '10.0.0.7:81': { isDown } },
    ]) {
      assert.deepEqual(addressesOf({ ...first, ...reserve }), alone);
    }
  });
});
