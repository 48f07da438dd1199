import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type Address,
  addressesOverlap,
  canonicalAddress,
  parseAddress,
} from '../../../../core/model/address.ts';

function read(text: string): Address {
  const parsed = parseAddress(text);
  assert.ok(parsed.ok, text);
  return parsed.value;
}

describe('parseAddress', () => {
  const accepted: [text: string, canonical: string, family: 4 | 6][] = [
    ['10.0.0.1:80', '10.0.0.1:80', 4],
    ['0.0.0.0:65535', '0.0.0.0:65535', 4],
    ['[::1]:80', '[::1]:80', 6],
    ['[::]:1', '[::]:1', 6],
    ['[2001:DB8:0:0:1:0:0:1]:443', '[2001:db8::1:0:0:1]:443', 6],
    ['[2001:db8:0:1:1:1:1:1]:443', '[2001:db8:0:1:1:1:1:1]:443', 6],
    ['[1:0:0:0:0:0:0:0]:9', '[1::]:9', 6],
    ['[::ffff:10.0.0.1]:80', '10.0.0.1:80', 4],
    ['[::FFFF:0a00:0001]:80', '10.0.0.1:80', 4],
    ['[64:ff9b::1.2.3.4]:80', '[64:ff9b::102:304]:80', 6],
  ];
  for (const [text, canonical, family] of accepted) {
    it(`reads ${text} as ${canonical}`, () => {
      const address = read(text);
      assert.equal(address.canonical, canonical);
      assert.equal(address.family, family);
      assert.equal(address.bytes.length, family === 4 ? 4 : 16);
      assert.equal(read(canonical).canonical, canonical);
    });
  }

  const refused: [text: string, why: RegExp][] = [
    ['', /not an address/],
    ['localhost:80', /names the host "localhost"; use its IP address/],
    ['10.0.0.1', /no port/],
    ['::1', /no port, or is an IPv6 address without brackets/],
    ['2001:db8::1', /without brackets/],
    ['10.0.0.1:0', /port "0"/],
    ['10.0.0.1:65536', /port "65536"/],
    ['10.0.0.1:080', /port "080"/],
    ['10.0.0.1:http', /port "http"/],
    ['10.0.0.1:', /port ""/],
    [':80', /no IP address before the port/],
    ['10.0.0.256:80', /not an IPv4 address/],
    ['010.0.0.1:80', /not an IPv4 address/],
    ['10.0.1:80', /not an IPv4 address/],
    ['[10.0.0.1]:80', /not an IPv6 address/],
    ['[fe80::1%eth0]:80', /zone/],
    ['[1:2:3]:80', /not an IPv6 address/],
    ['[1::2::3]:80', /not an IPv6 address/],
    ['[1:2:3:4:5:6:7::8:9]:80', /not an IPv6 address/],
    ['[::12345]:80', /not an IPv6 address/],
    [' 10.0.0.1:80', /names the host/],
  ];
  for (const [text, why] of refused) {
    it(`refuses "${text}" and says what to write`, () => {
      const parsed = parseAddress(text);
      assert.ok(!parsed.ok);
      assert.match(parsed.description, why);
      assert.match(parsed.description, /write IP:PORT/);
    });
  }

  it('leaves what is no address as it is when only asked for the canonical form', () => {
    assert.equal(canonicalAddress('nonsense'), 'nonsense');
    assert.equal(canonicalAddress('[0::1]:80'), '[::1]:80');
  });
});

describe('addressesOverlap', () => {
  const cases: [a: string, b: string, overlap: boolean][] = [
    ['10.0.0.1:80', '10.0.0.1:80', true],
    ['10.0.0.1:80', '10.0.0.1:81', false],
    ['10.0.0.1:80', '10.0.0.2:80', false],
    ['0.0.0.0:80', '10.0.0.1:80', true],
    ['0.0.0.0:80', '10.0.0.1:81', false],
    ['0.0.0.0:80', '[::1]:80', false],
    ['[::]:80', '[::1]:80', true],
    ['[::]:80', '10.0.0.1:80', true],
    ['[::]:80', '0.0.0.0:80', true],
    ['[::]:80', '0.0.0.0:81', false],
  ];
  for (const [a, b, overlap] of cases) {
    it(`${a} and ${b}: ${overlap}`, () => {
      assert.equal(addressesOverlap(read(a), read(b)), overlap);
      assert.equal(addressesOverlap(read(b), read(a)), overlap);
    });
  }
});
