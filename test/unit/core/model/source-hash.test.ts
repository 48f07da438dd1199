import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseIp } from '../../../../core/model/ip.ts';
import { hashIpBytes, sourceHash } from '../../../../core/model/source-hash.ts';

describe('sourceHash', () => {
  it('stays what it is for ever, so that all proxies of all versions agree', () => {
    assert.equal(sourceHash('10.0.0.1'), 939_056_775);
    assert.equal(sourceHash('2001:db8::1'), 3_001_870_138);
  });

  it('takes an IPv4-mapped address for the IPv4 address, as text and as bytes', () => {
    const mapped = Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 1]);
    assert.equal(sourceHash('::ffff:10.0.0.1'), sourceHash('10.0.0.1'));
    assert.equal(hashIpBytes(mapped, 0, 16), sourceHash('10.0.0.1'));
  });

  it('gives the same for text and for bytes at any offset', () => {
    for (const text of ['10.0.0.1', '255.255.255.255', '2001:db8::1', '::1']) {
      const ip = parseIp(text);
      assert.ok(ip);
      const bytes = Uint8Array.from([7, 7, 7, ...ip, 9]);
      assert.equal(hashIpBytes(bytes, 3, ip.length), sourceHash(text));
    }
  });

  it('does not look at the zone of a link-local address', () => {
    assert.equal(sourceHash('fe80::1%eth0'), sourceHash('fe80::1'));
  });

  it('spreads neighbouring addresses evenly over few and many buckets', () => {
    for (const buckets of [2, 3, 16, 101]) {
      const counts = Array.from({ length: buckets }, () => 0);
      const samples = 20_000;
      for (let at = 0; at < samples; at++) {
        const bucket = sourceHash(`10.1.${at >> 8}.${at & 255}`) % buckets;
        counts[bucket] = (counts[bucket] ?? 0) + 1;
      }
      const expected = samples / buckets;
      // Chi-squared with buckets - 1 degrees of freedom: its mean, and five standard deviations.
      const chi = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      assert.ok(
        chi < buckets - 1 + 5 * Math.sqrt(2 * (buckets - 1)),
        `chi-squared ${chi} over ${buckets} buckets`,
      );
    }
  });

  it('lets every bit of an address change about half of the bits of the hash', () => {
    for (const text of ['10.0.0.1', '2001:db8::1']) {
      const bytes = parseIp(text);
      assert.ok(bytes);
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const other = bytes.slice();
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const difference = hashIpBytes(bytes, 0, bytes.length) ^ hashIpBytes(other, 0, other.length);
        const changed = (difference >>> 0).toString(2).replaceAll('0', '').length;
        assert.ok(changed >= 5 && changed <= 27, `bit ${bit} of ${text} changes ${changed} bits`);
      }
    }
  });
});
