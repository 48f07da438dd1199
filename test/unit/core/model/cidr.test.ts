import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCidr, readCidr } from '../../../../core/model/cidr.ts';

describe('a network', () => {
  const good: readonly (readonly [text: string, canonical: string])[] = [
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['192.0.2.6/31', '192.0.2.6/31'],
    ['172.16.0.0/12', '172.16.0.0/12'],
    ['2001:DB8:0::/32', '2001:db8::/32'],
    ['::/0', '::/0'],
    ['2001:db8::1', '2001:db8::1/128'],
    ['2001:db8::8000/113', '2001:db8::8000/113'],
    ['::ffff:10.1.2.3', '10.1.2.3/32'],
  ];
  for (const [text, canonical] of good) {
    it(`${text} is ${canonical}`, () => {
      assert.deepEqual(readCidr(text), { ok: true, value: canonical });
      assert.deepEqual(readCidr(canonical), { ok: true, value: canonical });
    });
  }

  it('has its bytes and its prefix', () => {
    assert.deepEqual(parseCidr('10.1.0.0/16'), {
      ok: true,
      value: { bytes: Uint8Array.of(10, 1, 0, 0), prefix: 16 },
    });
  });

  const bad: readonly (readonly [text: string, why: RegExp])[] = [
    ['10.0.0.1/8', /^"10.0.0.1\/8" has bits beyond its prefix; write 10.0.0.0\/8 .* or 10.0.0.1 for the one/],
    ['2001:db8::1/64', /write 2001:db8::\/64/],
    ['10.0.0.0/33', /has the prefix \/33; an IPv4 network has \/0 to \/32/],
    ['2001:db8::/129', /an IPv6 network has \/0 to \/128/],
    ['10.0.0.0/08', /has the prefix \/08/],
    ['10.0.0.0/', /has the prefix \/;/],
    ['10.0.0.0/255.0.0.0', /has the prefix \/255.0.0.0/],
    ['10.0.0/8', /is not a network; write one such as/],
    ['', /is not a network/],
    ['localhost', /is not a network/],
    ['10.0.0.0/8\n', /has the prefix \/8\\n/],
  ];
  for (const [text, why] of bad) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      const read = readCidr(text);
      assert.ok(!read.ok);
      assert.match(read.description, why);
    });
  }
});
