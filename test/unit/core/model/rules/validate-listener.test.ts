import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { rootCertificates } from 'node:tls';
import type { ListenerDraft, ResourceDraft } from '../../../../../core/model/draft.ts';
import { stateOf, violationsOf } from '../../../../../harness/state.ts';

const ca = rootCertificates[0] ?? '';

const pool = (name: string): ResourceDraft => ({ kind: 'pool', value: { name, backends: [] } });
const listener = (value: Partial<ListenerDraft>, name = 'pg'): ResourceDraft => ({
  kind: 'listener',
  value: { name, address: '0.0.0.0:5432', pool: 'web', ...value },
});
const POOLS = [pool('web'), pool('other')];

describe('a listener', () => {
  const NAMES = { serverNames: ['a.example.com'], pool: 'web' };
  const good: readonly (readonly [what: string, value: Partial<ListenerDraft>])[] = [
    ['with nothing but routes', { pool: '', routes: [NAMES] }],
    ['with one name for two protocols', { routes: [NAMES, { ...NAMES, alpn: ['h2'] }] }],
    [
      'with one name for other protocols',
      {
        routes: [
          { ...NAMES, alpn: ['h2'] },
          { ...NAMES, alpn: ['mqtt'] },
        ],
      },
    ],
    [
      'with a name and a wildcard for it',
      { routes: [NAMES, { serverNames: ['*.example.com'], pool: 'other' }] },
    ],
    ['with a network within one that is denied', { allow: ['10.1.0.0/16'], deny: ['10.0.0.0/8'] }],
    [
      'with thousands of networks',
      { deny: Array.from({ length: 10_000 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`) },
    ],
    [
      'that wants certificates of clients',
      { tls: { certificates: ['www'], clientCa: ca, clientCertificate: 'required' } },
    ],
    ['of IPv6 only beside one of IPv4', { address: '[::]:80', ipv6Only: true }],
    ['with 1024 ports', { address: '0.0.0.0:1000-2023' }],
  ];
  for (const [what, value] of good) it(`may be one ${what}`, () => void stateOf([...POOLS, listener(value)]));

  it('has its names and networks in canonical form', () => {
    const state = stateOf([
      ...POOLS,
      listener({
        address: '[0::0]:80-80',
        routes: [{ serverNames: ['A.Example.com.', '*.B.example.COM.'], pool: 'web' }],
        allow: ['2001:DB8::/32', '192.0.2.1'],
        limits: { rate: 5 },
        firstBytesTimeoutMs: 3_000,
      }),
    ]);
    assert.deepEqual(state.listeners.get('pg')?.value, {
      name: 'pg',
      address: '[::]:80',
      pool: 'web',
      routes: [{ serverNames: ['a.example.com', '*.b.example.com'], alpn: [], pool: 'web' }],
      allow: ['2001:db8::/32', '192.0.2.1/32'],
      limits: { connections: 0, perSource: 0, rate: 5, ratePerSource: 0, dryRun: false },
    });
  });

  const PEM = `-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`;
  const bad: readonly (readonly [value: Partial<ListenerDraft>, ...words: RegExp[]])[] = [
    [{ pool: '' }, /^pool is empty; name the pool to use/],
    [{ pool: '', routes: [{ serverNames: ['a'] }] }, /^routes\[0\]\.pool is empty; name the pool/],
    [
      { pool: 'wbe', routes: [{ serverNames: ['a'], pool: 'othr' }] },
      /^pool there is no pool "wbe" \(did you mean "web"\?\)/,
      /^routes\[0\]\.pool there is no pool "othr" \(did you mean "other"\?\)/,
    ],
    [{ routes: [{ pool: 'web' }] }, /^routes\[0\] has neither server_names nor alpn/],
    [
      { routes: [NAMES, { serverNames: ['b.example.com', 'A.example.com.'], pool: 'other' }] },
      /^routes\[1\]\.server_names\[1\] "a\.example\.com" is taken by routes\[0\] already/,
    ],
    [
      {
        routes: [
          { ...NAMES, alpn: ['h2', 'mqtt'] },
          { ...NAMES, alpn: ['mqtt'] },
        ],
      },
      /^routes\[1\]\.server_names\[0\] "a\.example\.com" is taken by routes\[0\]/,
    ],
    [
      {
        routes: [
          { alpn: ['h2'], pool: 'web' },
          { alpn: ['h2'], pool: 'other' },
        ],
      },
      /^routes\[1\] any name is taken by routes\[0\]/,
    ],
    [
      { routes: [{ serverNames: ['a.*.com', '10.0.0.1', 'x', 'X'], alpn: [''], pool: 'web' }] },
      /^routes\[0\]\.server_names\[0\] "a\.\*\.com" has a \* that is not/,
      /^routes\[0\]\.server_names\[1\] "10\.0\.0\.1" is an IP address/,
      /^routes\[0\]\.server_names\[3\] "x" is listed more than once/,
      /^routes\[0\]\.alpn\[0\] "" is no name of a protocol/,
    ],
    [{ address: '0.0.0.0:90-80' }, /^address .* ends before it begins; perhaps 80-90 is meant/],
    [{ address: '0.0.0.0:1000-2024' }, /^address .* has 1025 ports; one listener can have 1024/],
    [{ address: '0.0.0.0:80-90-95' }, /^address .*are no range, such as 7000-7010/],
    [{ address: '0.0.0.0' }, /^address "0\.0\.0\.0" has no port/],
    [{ ipv6Only: true }, /^ipv6_only is for IPv6 addresses, and 0\.0\.0\.0:5432 is none/],
    [{ firstBytesTimeoutMs: 0 }, /^first_bytes_timeout is 0s; it must be/],
    [{ tls: {} }, /^tls\.certificates is empty, and TLS/],
    [
      {
        tls: {
          certificates: ['../www'],
          minVersion: '1.1' as '1.2',
          clientCa: PEM,
          clientCertificate: 'optional',
        },
      },
      /^tls\.certificates\[0\] "\.\.\/www" is no name of a certificate/,
      /^tls\.min_version "1\.1" is not a version of TLS \(did you mean "1\.\d"\?\); use one of 1\.2, 1\.3/,
      /^tls\.client_ca has a certificate that can't be read, number 1 of 1/,
    ],
    [
      { tls: { certificates: ['www'], clientCertificate: 'required' } },
      /^tls\.client_ca is empty, and with client_certificate: required/,
    ],
    [{ tls: { certificates: ['www'], clientCa: ca } }, /^tls\.client_ca is never used/],
    [
      {
        allow: ['10.0.0.0/8', 'x'],
        deny: ['10.0.0.0/8', '10.0.0.1/8', '::/0', '::/0'],
        acceptProxyProtocol: ['1'],
      },
      /^accept_proxy_protocol\[0\] "1" is not a network/,
      /^allow\[1\] "x" is not a network/,
      /^deny\[1\] "10\.0\.0\.1\/8" has bits beyond its prefix; write 10\.0\.0\.0\/8/,
      /^deny\[3\] "::\/0" is listed more than once/,
      /^allow\[0\] "10\.0\.0\.0\/8" is in deny, too/,
    ],
    [
      { deny: Array.from({ length: 10_001 }, (_, n) => `10.${n >> 8}.${n & 255}.0/24`) },
      /^deny has 10001 networks; at most 10000/,
    ],
    [
      { limits: { connections: -1, perSource: 1.5, rate: 1_000_001 } },
      /^limits\.connections is -1; it must be a whole number from 1 to 1000000, or 0, which means no limit/,
      /^limits\.per_source is 1\.5/,
      /^limits\.rate is 1000001/,
    ],
  ];
  for (const [value, ...words] of bad) {
    it(`is refused: ${words.map(({ source }) => source.slice(1, 50)).join(' | ')}`, () => {
      const found = violationsOf([...POOLS, listener(value)]);
      const own = found.map((one) => one.replace('listeners[pg].', ''));
      if (words.length > 1) assert.equal(own.length, words.length, own.join('\n'));
      for (const [index, word] of words.entries()) assert.match(own[index] ?? '', word);
    });
  }

  const overlaps: readonly (readonly [a: string, b: string, only: boolean, overlap: boolean])[] = [
    ['0.0.0.0:80-90', '0.0.0.0:90-95', false, true],
    ['0.0.0.0:80-90', '10.0.0.1:85', false, true],
    ['0.0.0.0:80-90', '0.0.0.0:91', false, false],
    ['10.0.0.1:80-90', '10.0.0.2:80-90', false, false],
    ['[::]:80-90', '0.0.0.0:90', false, true],
    ['[::]:80-90', '0.0.0.0:90', true, false],
    ['[::]:80-90', '[::1]:90', true, true],
  ];
  for (const [a, b, only, overlap] of overlaps) {
    it(`on ${a}${only ? ' of IPv6 only' : ''} ${overlap ? 'overlaps' : 'is beside'} one on ${b}`, () => {
      const both = [...POOLS, listener({ address: a, ipv6Only: only }, 'a'), listener({ address: b }, 'b')];
      if (!overlap) stateOf(both);
      else assert.match(violationsOf(both).join('\n'), /listeners\[b\]\.address .* overlaps .*"a"/);
    });
  }
});
