/** Headers of the PROXY protocol as others send them, right and wrong. The TLVs are those of HAProxy's own tests. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatIp } from '../../../../core/model/ip.ts';
import {
  LONGEST_HEADER,
  type HeaderAddress,
  type ProxyHeader,
  readProxyHeader,
} from '../../../../data-plane/first-bytes/proxy-header.ts';
import {
  checkHeader,
  LONGEST_WRITTEN,
  writeProxyHeader,
  writeProxyLine,
} from '../../../../data-plane/first-bytes/write-proxy-header.ts';
import { PeerAddress } from '../../../../data-plane/engine/peer-address.ts';

const SIGNATURE = '0d0a0d0a000d0a515549540a';
/** 127.0.0.1:42 to 127.0.0.1:1337 */
const ADDRESSES = '7f0000017f000001002a0539';
const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
const line = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const v2 = (rest: string) => hex(SIGNATURE + rest);

function read(bytes: Uint8Array): string {
  const into: ProxyHeader = {
    length: 0,
    isLocal: false,
    source: new PeerAddress(),
    destination: new PeerAddress(),
  };
  const verdict = readProxyHeader(bytes, into);
  if (verdict !== 'header') return verdict;
  const addresses = into.isLocal ? 'local' : `${textOf(into.source)} ${textOf(into.destination)}`;
  return `${addresses} +${bytes.length - into.length}`;
}

function textOf({ family, ip, port }: HeaderAddress): string {
  return `${formatIp(family === 4 ? ip.subarray(0, 4) : ip)}|${port}`;
}

const READ: Readonly<Record<string, readonly [Uint8Array, string]>> = {
  'nothing yet': [line(''), 'incomplete'],
  'a piece of the word of version 1': [line('PRO'), 'incomplete'],
  'a piece of the signature of version 2': [hex('0d0a0d'), 'incomplete'],
  HTTP: [line('GET / HTTP/1.1\r\n'), 'none'],
  'a hello of TLS': [hex('1603010200'), 'none'],
  'other words in front of PROXY': [line('\r\nPROXY TCP4'), 'none'],
  'TCP over IPv4': [line('PROXY TCP4 1.2.3.4 5.6.7.8 9 65535\r\nhi'), '1.2.3.4|9 5.6.7.8|65535 +2'],
  'TCP over IPv6': [line('PROXY TCP6 2001:DB8::1 ::1 0 1\r\n'), '2001:db8::1|0 ::1|1 +0'],
  'an IPv4 client that came over IPv6': [
    line('PROXY TCP6 ::ffff:1.2.3.4 ::ffff:5.6.7.8 1 2\r\n'),
    '1.2.3.4|1 5.6.7.8|2 +0',
  ],
  'an unknown client': [line('PROXY UNKNOWN\r\nhi'), 'local +2'],
  'an unknown client with anything after it': [line('PROXY UNKNOWN ffff::1 what ever\r\n'), 'local +0'],
  'a line without an end': [line(`PROXY UNKNOWN ${'x'.repeat(93)}`), 'malformed'],
  'the longest line': [line(`PROXY UNKNOWN ${'x'.repeat(91)}\r\n`), 'local +0'],
  'a line that ends one byte too late': [line(`PROXY UNKNOWN ${'x'.repeat(92)}\r\n`), 'malformed'],
  'a line feed alone': [line('PROXY TCP4 1.2.3.4 5.6.7.8 9 10\n'), 'malformed'],
  'a carriage return in the middle': [line('PROXY TCP4 1.2.3.4 5.6.7.8 9\r 10\r\n'), 'malformed'],
  'two spaces': [line('PROXY TCP4  1.2.3.4 5.6.7.8 9 10\r\n'), 'malformed'],
  'a space at the end': [line('PROXY TCP4 1.2.3.4 5.6.7.8 9 10 \r\n'), 'malformed'],
  'no destination port': [line('PROXY TCP4 1.2.3.4 5.6.7.8 9\r\n'), 'malformed'],
  'a port over 65535': [line('PROXY TCP4 1.2.3.4 5.6.7.8 9 65536\r\n'), 'malformed'],
  'a port with a zero in front': [line('PROXY TCP4 1.2.3.4 5.6.7.8 09 10\r\n'), 'malformed'],
  'an octal address': [line('PROXY TCP4 01.2.3.4 5.6.7.8 9 10\r\n'), 'malformed'],
  'an IPv6 address as TCP4': [line('PROXY TCP4 ::1 ::1 9 10\r\n'), 'malformed'],
  'an IPv4 address as TCP6': [line('PROXY TCP6 1.2.3.4 5.6.7.8 9 10\r\n'), 'malformed'],
  'another protocol': [line('PROXY UDP4 1.2.3.4 5.6.7.8 9 10\r\n'), 'malformed'],
  'TCP over IPv4 with a value': [
    v2(`21 11 0014 ${ADDRESSES} 0200053132333435`),
    '127.0.0.1|42 127.0.0.1|1337 +0',
  ],
  'a value after the header, which is payload': [
    v2(`21 11 0014 ${ADDRESSES} 0200053132333435 0200053534333231`),
    '127.0.0.1|42 127.0.0.1|1337 +8',
  ],
  'a value that is longer than the header': [
    v2(`21 11 0014 ${ADDRESSES} 02000a31323334353132333435`),
    'malformed',
  ],
  'values that end before the header': [v2(`21 11 0014 ${ADDRESSES} 02000431323334 00`), 'malformed'],
  'TCP over IPv6 in binary': [
    v2(`21 21 0024 20010db8${'00'.repeat(11)}01 ${'00'.repeat(15)}01 0001 ffff`),
    '2001:db8::1|1 ::1|65535 +0',
  ],
  LOCAL: [v2('20 00 0000'), 'local +0'],
  'LOCAL, whatever it carries': [v2('20 99 0003 ffffff 00'), 'local +1'],
  'an unspecified family': [v2('21 00 0002 ffff'), 'local +0'],
  'UDP, which this connection is not': [v2(`21 12 000c ${ADDRESSES}`), 'local +0'],
  'UNIX sockets': [v2(`21 31 00d8 ${'2f'.repeat(216)} aa`), 'local +1'],
  'UNIX sockets, too short': [v2(`21 31 00d7 ${'2f'.repeat(215)}`), 'malformed'],
  'addresses that are too short': [v2(`21 11 000b ${ADDRESSES}`), 'malformed'],
  'an unknown family': [v2(`21 41 000c ${ADDRESSES}`), 'malformed'],
  'an unknown transport': [v2(`21 13 000c ${ADDRESSES}`), 'malformed'],
  'an unknown command': [v2(`22 11 000c ${ADDRESSES}`), 'malformed'],
  'version 1 in binary': [v2(`11 11 000c ${ADDRESSES}`), 'malformed'],
  'a header that is too long, before it has come': [v2('21 11 3ff1'), 'malformed'],
  'the longest header, of which a piece has come': [v2('21 11 3ff0'), 'incomplete'],
  'a checksum that is right': [
    v2(`21 11 0013 ${ADDRESSES} 030004 d3a55d3b`),
    '127.0.0.1|42 127.0.0.1|1337 +0',
  ],
  'a checksum that is wrong': [v2(`21 11 0013 ${ADDRESSES} 030004 d3a55d3c`), 'malformed'],
  'a checksum of three bytes': [v2(`21 11 0012 ${ADDRESSES} 030003 000000`), 'malformed'],
};

describe('headers of the PROXY protocol', () => {
  for (const [what, [bytes, expected]] of Object.entries(READ)) {
    it(`are read: ${what}`, () => assert.equal(read(bytes), expected));
  }

  it('say LOCAL where nobody is a client', () => {
    const ends = { localAddress: '10.0.0.1', localPort: 9, remoteAddress: '10.0.0.2', remotePort: 80 };
    // Servers that refuse UNKNOWN exist, and version 1 has no other word: the check is its own client.
    assert.equal(read(checkHeader('v1', ends)), '10.0.0.1|9 10.0.0.2|80 +0');
    assert.equal(read(checkHeader('v1', { ...ends, localAddress: undefined })), 'local +0');
    assert.equal(read(checkHeader('v2', ends)), 'local +0');
    assert.equal(LONGEST_HEADER, 16_384);
  });

  it('are written as others read them', () => {
    const into = new Uint8Array(LONGEST_WRITTEN);
    const [client, local, unknown] = [new PeerAddress(), new PeerAddress(), new PeerAddress()];
    client.setText('127.0.0.1', 42);
    local.setText('127.0.0.1', 1337);
    const written = (length: number) => Buffer.from(into.subarray(0, length));
    const binary = (to: PeerAddress, name: string, id: string) =>
      written(writeProxyHeader(client, to, name, id, into)).toString('hex');
    assert.equal(
      written(writeProxyLine(client, local, into)).toString(),
      'PROXY TCP4 127.0.0.1 127.0.0.1 42 1337\r\n',
    );
    assert.equal(written(writeProxyLine(client, unknown, into)).toString(), 'PROXY UNKNOWN\r\n');
    assert.equal(binary(local, '', ''), `${SIGNATURE}2111000c${ADDRESSES}`);
    assert.equal(binary(local, '12345', 'ab'), `${SIGNATURE}21110019${ADDRESSES}05000261620200053132333435`);
    assert.equal(binary(unknown, '', 'ab'), `${SIGNATURE}210000050500026162`);
    // What would make the header longer than one segment is left out.
    assert.equal(binary(local, 'x'.repeat(600), 'ab'), `${SIGNATURE}21110011${ADDRESSES}0500026162`);
  });
});
