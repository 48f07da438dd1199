import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIp, parseIp } from '../../../../core/model/ip.ts';
import {
  buildCidrTable,
  type CidrEntry,
  findCidr,
  NO_NETWORK,
} from '../../../../data-plane/admission/cidr-table.ts';

/** Few different bytes, so that networks contain each other and share their borders. */
const byte = fc.constantFrom(0, 1, 127, 128, 254, 255);
const bytesOf = (length: 4 | 16) =>
  fc.array(byte, { minLength: length, maxLength: length }).map((bytes) => Uint8Array.from(bytes));
const isSet = (bytes: Uint8Array, bit: number) => ((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1;

/** The bits beyond the prefix cleared. */
function network(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((_, at) => {
    let kept = 0;
    for (let bit = at * 8; bit < at * 8 + 8; bit++) kept = kept * 2 + (bit < prefix ? isSet(bytes, bit) : 0);
    return kept;
  });
}

const entryOf = (length: 4 | 16) =>
  fc
    .tuple(bytesOf(length), fc.nat(length * 8), fc.nat(5))
    .map(([bytes, prefix, value]): CidrEntry => ({ cidr: { bytes: network(bytes, prefix), prefix }, value }));
const entries = fc.array(fc.oneof(entryOf(4), entryOf(16)), { maxLength: 60 });

/** Every entry is asked; of equal prefixes, the last one counts. */
function naive(all: readonly CidrEntry[], ip: Uint8Array): number {
  let best: CidrEntry | null = null;
  for (const entry of all) {
    const { bytes, prefix } = entry.cidr;
    if (bytes.length !== ip.length || formatIp(network(ip, prefix)) !== formatIp(bytes)) continue;
    if (best === null || prefix >= best.cidr.prefix) best = entry;
  }
  return best?.value ?? NO_NETWORK;
}

const mapped = (ip: Uint8Array) => Uint8Array.from([...new Uint8Array(10), 255, 255, ...ip]);
const cidr = (text: string, value: number): CidrEntry => {
  const [host = '', prefix] = text.split('/');
  const bytes = parseIp(host) ?? new Uint8Array(4);
  return { cidr: { bytes, prefix: Number(prefix) }, value };
};

describe('a table of networks', () => {
  it('agrees with a naive search for the longest prefix, at the borders of every network too', () => {
    fc.assert(
      fc.property(entries, fc.array(fc.oneof(bytesOf(4), bytesOf(16)), { maxLength: 20 }), (all, others) => {
        const table = buildCidrTable(all);
        const borders = all.flatMap(({ cidr: { bytes, prefix } }) => {
          const last = bytes.map((value, at) => value | (0xff >> Math.min(8, Math.max(0, prefix - at * 8))));
          return [bytes, last, neighbour(bytes, -1), neighbour(last, 1)];
        });
        for (const ip of [...borders, ...others]) {
          if (ip.length === 16 && formatIp(ip).startsWith('::ffff:')) continue;
          const expected = naive(all, ip);
          assert.equal(findCidr(table, ip, ip.length === 4 ? 4 : 16), expected, formatIp(ip));
          if (ip.length === 4) assert.equal(findCidr(table, mapped(ip), 16), expected, 'as IPv4-mapped');
        }
      }),
    );
  });

  it('keeps the families apart: ::/0 holds no IPv4 address', () => {
    const table = buildCidrTable([cidr('::/0', 6)]);
    assert.equal(findCidr(table, Uint8Array.of(10, 0, 0, 1), 4), NO_NETWORK);
    assert.equal(findCidr(table, mapped(Uint8Array.of(10, 0, 0, 1)), 16), NO_NETWORK);
    assert.equal(findCidr(table, new Uint8Array(16), 16), 6);
  });

  it('reads no more than the bytes of an address, and lies in shared memory', () => {
    const table = buildCidrTable([cidr('10.0.0.0/8', 1), cidr('10.1.0.0/16', 2), cidr('10.1.2.3/32', 3)]);
    const ip = new Uint8Array(16);
    const found = ['10.0.0.0', '10.1.255.255', '10.1.2.3', '11.0.0.0', '9.255.255.255'].map((text) => {
      ip.fill(0xee);
      ip.set(parseIp(text) ?? []);
      return findCidr(table, ip, 4);
    });
    assert.deepEqual(found, [1, 2, 3, NO_NETWORK, NO_NETWORK]);
    assert.ok(table.v4.starts.buffer instanceof SharedArrayBuffer);
  });

  it('needs at most 14 steps for 5,000 networks', () => {
    const all = Array.from({ length: 5_000 }, (_, at) => cidr(`10.${at >> 8}.${at & 255}.0/25`, at));
    const { values } = buildCidrTable(all).v4;
    assert.ok(values.length <= 2 * 5_000 + 1);
    assert.equal(Math.ceil(Math.log2(values.length)), 14);
  });
});

/** The address one before or after; itself at either end. */
function neighbour(bytes: Uint8Array, step: 1 | -1): Uint8Array {
  const next = Uint8Array.from(bytes);
  for (let at = next.length - 1; at >= 0; at--) {
    const value = (next[at] ?? 0) + step;
    next[at] = value & 255;
    if (value >= 0 && value <= 255) return next;
  }
  return bytes;
}
