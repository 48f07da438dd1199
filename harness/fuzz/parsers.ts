/**
 * Every parser of bytes and texts that strangers may send, and what holds whatever they send. An input that once broke one
 * is kept among its seeds.
 */
import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import type { Answer, NameResolver } from '../../control-plane/names/name-resolver.ts';
import { resolveName } from '../../control-plane/names/resolve-name.ts';
import { parseAddress } from '../../core/model/address.ts';
import { parseCidr } from '../../core/model/cidr.ts';
import { readDnsName, readServerName } from '../../core/model/server-name.ts';
import { readAuthorities } from '../../core/model/rules/pem.ts';
import { hasPrivateKey, readCertificate } from '../../data-plane/certificates/read-certificate.ts';
import { PeerAddress } from '../../data-plane/engine/peer-address.ts';
import { LONGEST_HELLO, readClientHello } from '../../data-plane/first-bytes/client-hello.ts';
import { LONGEST_HEADER, readProxyHeader } from '../../data-plane/first-bytes/proxy-header.ts';
import { readPostgresRequest } from '../../data-plane/first-bytes/ssl-request.ts';

interface FuzzedParser {
  /** Valid ones, and those that once broke it. */
  readonly seeds: readonly Uint8Array[];
  /** Throws when something does not hold. */
  parse(bytes: Uint8Array): void | Promise<void>;
}

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const text = (value: string) => Uint8Array.from(Buffer.from(value, 'latin1'));
const header = { length: 0, isLocal: false, source: new PeerAddress(), destination: new PeerAddress() };
const hello = { serverName: null, alpn: [] };

const SIGNATURE = '0d0a0d0a000d0a515549540a';
/** To a.example.com, with h2 in ALPN. */
const HELLO = hex(
  `16 0301 005a 01 000056 0303 ${'11'.repeat(32)} 00 0002 1301 01 00 002b
   0000 0012 0010 00 000d 612e6578616d706c652e636f6d 0010 0005 0003 02 6832 002b 0003 02 0304 ff01 0001 00`.replaceAll(
    '\n',
    '',
  ),
);
const PEM = text(`-----BEGIN CERTIFICATE-----\n${'QUJD'.repeat(16)}\n-----END CERTIFICATE-----\n`);

/** A verdict on a piece is the verdict on the whole, unless it was `incomplete`; and what is too long is no longer awaited. */
function settles(read: (bytes: Uint8Array) => string, longest: number): (bytes: Uint8Array) => void {
  return (bytes) => {
    const whole = read(bytes);
    const piece = read(bytes.subarray(0, bytes.length >> 1));
    if (piece !== 'incomplete') assert.equal(piece, whole);
    if (bytes.length >= longest) assert.notEqual(whole, 'incomplete');
  };
}

function ofText(read: (given: string) => unknown): (bytes: Uint8Array) => void {
  return (bytes) => void read(Buffer.from(bytes).toString('latin1'));
}

export const FUZZED: Readonly<Record<string, FuzzedParser>> = {
  'PROXY headers of version 1': {
    seeds: [
      text('PROXY TCP4 192.0.2.1 192.0.2.2 65535 443\r\nGET /'),
      text('PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 1 2\r\n'),
      text('PROXY UNKNOWN ffff::1 x\r\n'),
    ],
    parse: settles((bytes) => readHeader(bytes), LONGEST_HEADER),
  },
  'PROXY headers of version 2': {
    seeds: [
      hex(`${SIGNATURE} 21 11 0014 7f0000017f000001002a0539 0200053132333435`),
      hex(`${SIGNATURE} 21 11 0013 7f0000017f000001002a0539 030004 d3a55d3b`),
      hex(`${SIGNATURE} 21 21 0024 ${'20'.repeat(32)} 0001 ffff`),
      hex(`${SIGNATURE} 21 31 00d8 ${'2f'.repeat(216)}`),
      hex(`${SIGNATURE} 20 00 0000`),
    ],
    parse: settles((bytes) => readHeader(bytes), LONGEST_HEADER),
  },
  'hellos of TLS': {
    seeds: [
      HELLO,
      hex(`16 0301 0004 01000056 16 0301 0056 ${Buffer.from(HELLO.subarray(9)).toString('hex')}`),
    ],
    parse: settles((bytes) => readClientHello(bytes, hello), 2 * LONGEST_HELLO),
  },
  'requests of PostgreSQL': {
    seeds: [hex('00000008 04d2162f'), hex('00000008 04d21630'), hex('00000025 00030000')],
    parse: settles(readPostgresRequest, 8),
  },
  'PEM of certificates and keys': {
    seeds: [PEM, text('-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n')],
    parse: ofText((given) => {
      hasPrivateKey(given);
      readAuthorities(given);
      // What is wrong with a file is said by an error.
      assert.throws(() => readCertificate(given, 'www', 0), Error);
    }),
  },
  'answers of DNS': {
    seeds: [
      text('10.0.0.1\n2001:db8::1\n::ffff:10.0.0.1'),
      text('10.0.0.1'),
      hex('3100000000002e310a323030313a6462383a3a31'),
    ],
    parse: async (bytes) => {
      for (const name of ['db.example.com:5432', '_pg._tcp.example.com']) {
        const { addresses, ttlMs } = await resolveName(answering(bytes), name);
        assert.ok(ttlMs >= 1_000 && ttlMs <= 30_000);
        for (const { address } of addresses) assert.ok(parseAddress(address).ok, address);
      }
    },
  },
  'names of hosts': {
    seeds: [text('*.b.example.com'), text('_pg._tcp.example.com'), text('db.example.com:5432')],
    parse: ofText((given) => [readServerName(given), readDnsName(given)]),
  },
  networks: {
    seeds: [text('10.0.0.0/8'), text('2001:db8::/32'), text('::ffff:1.2.3.4/128')],
    parse: ofText(parseCidr),
  },
};

/** A resolver whose answers are made of bytes, in the ways in which Node hands them over. */
function answering(bytes: Uint8Array): NameResolver {
  const [first = 0, second = 0, third = 0] = bytes;
  const hosts = Buffer.from(bytes)
    .toString('latin1')
    .split('\n')
    .filter((host) => isIP(host) > 0);
  const ttlMs = 1_000 * (first << (second & 31));
  const answer = <T>(records: readonly T[]): Answer<T> => {
    if (records.length === 0) return { type: 'none' };
    return first === 0 ? { type: 'failed', reason: 'EBADRESP' } : { type: 'records', records, ttlMs };
  };
  return {
    addresses: (_host, family) =>
      Promise.resolve(answer(hosts.filter((host) => (isIP(host) === 4) === (family === 4)))),
    services: () =>
      Promise.resolve(
        answer(
          Array.from(bytes.subarray(0, 80), (byte, at) => ({
            host: byte < 20 ? ['', '.', 'a.example.com'][byte % 3]! : `${byte}.example.com`,
            port: (byte * second) & 0xffff,
            priority: byte * third,
            weight: (byte << 8) | (at & 255),
          })),
        ),
      ),
  };
}

function readHeader(bytes: Uint8Array): string {
  const verdict = readProxyHeader(bytes, header);
  if (verdict === 'header') assert.ok(header.length > 0 && header.length <= bytes.length);
  return verdict === 'header' ? `header of ${header.length}` : verdict;
}
