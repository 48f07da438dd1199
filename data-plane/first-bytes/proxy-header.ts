/**
 * Reads headers of the PROXY protocol, versions 1 and 2, which say whose connection this is.
 * https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt
 *
 * Invariants
 *  - nothing is guessed: bytes that cannot become a header are `none`, and those that began as one and break its rules are `malformed`;
 *  - a header that was read is read the same way from any larger piece of the stream, and is `incomplete` in any smaller one;
 *  - the addresses are set only where the verdict is `header` and `isLocal` is false.
 */
import { parseIp } from '../../core/model/ip.ts';

/** An address of a header; `PeerAddress` of the engine is one. */
export interface HeaderAddress {
  /** 0: unknown. */
  readonly family: 0 | 4 | 6;
  readonly port: number;
  /** In network order; IPv4 uses the first four. */
  readonly ip: Uint8Array;
  set(bytes: Uint8Array, start: number, length: 4 | 16, port: number): void;
}

/** What was read; reused, so that nothing is allocated for a connection. */
export interface ProxyHeader {
  /** Bytes of the header: the next one is the client's first. */
  length: number;
  /** It announces nobody, so the connection's own addresses count: LOCAL, UNKNOWN, and what is not TCP over IP. */
  isLocal: boolean;
  readonly source: HeaderAddress;
  readonly destination: HeaderAddress;
}

export type ProxyVerdict = 'incomplete' | 'none' | 'malformed' | 'header';

/** The longest header that is read. Version 1 allows 107 bytes, and version 2 would allow 65,551. */
export const LONGEST_HEADER = 16_384;
export const SIGNATURE = Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10);
/** The bytes of a header of version 2 before its addresses. */
export const FIXED_LENGTH = 16;
/** Types of what follows the addresses of version 2. */
export const TLV = { authority: 0x02, crc32c: 0x03, uniqueId: 0x05 } as const;
/** A type and a length. */
export const TLV_HEADER = 3;

const LINE_START = new TextEncoder().encode('PROXY ');
const LONGEST_LINE = 107;
const LINE = /^PROXY (?:(UNKNOWN)(?: .*)?|(TCP[46]) (\S+) (\S+) (0|[1-9]\d{0,4}) (0|[1-9]\d{0,4}))$/;
const text = new TextDecoder('latin1');

const COMMAND = { local: 0x20, proxy: 0x21 } as const;
/** The lengths of the address blocks by family: unspecified, IPv4, IPv6, UNIX. */
const ADDRESS_LENGTHS = [0, 12, 36, 216] as const;
/** Unspecified, STREAM, DGRAM. */
const LAST_TRANSPORT = 2;
/** The bytes of an address, by family and transport in one byte: TCP over IPv4, TCP over IPv6. */
const SIZE_OF_TCP: ReadonlyMap<number, 4 | 16> = new Map([
  [0x11, 4],
  [0x21, 16],
]);

/** Reads the header that `bytes` begin with. */
export function readProxyHeader(bytes: Uint8Array, into: ProxyHeader): ProxyVerdict {
  if (startsWith(bytes, SIGNATURE))
    return bytes.length < FIXED_LENGTH ? 'incomplete' : readBinary(bytes, into);
  return startsWith(bytes, LINE_START) ? readLine(bytes, into) : 'none';
}

/** Whether `bytes` begin as a header and nothing else does. No protocol of a client does. */
export function areOfHeader(bytes: Uint8Array): boolean {
  return [SIGNATURE, LINE_START].some((start) => bytes.length >= start.length && startsWith(bytes, start));
}

/** Whether all of `bytes`, or as many as `start` has, are those of `start`. */
function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  const length = Math.min(bytes.length, start.length);
  for (let at = 0; at < length; at += 1) if (bytes[at] !== start[at]) return false;
  return true;
}

function readLine(bytes: Uint8Array, into: ProxyHeader): ProxyVerdict {
  const end = bytes.subarray(0, LONGEST_LINE).indexOf(10);
  if (end < 0) return bytes.length < LONGEST_LINE ? 'incomplete' : 'malformed';
  if (bytes[end - 1] !== 13) return 'malformed';
  const parts = LINE.exec(text.decode(bytes.subarray(0, end - 1)));
  if (parts === null) return 'malformed';
  const [, unknown, family, source = '', destination = '', sourcePort, destinationPort] = parts;
  into.length = end + 1;
  into.isLocal = unknown !== undefined;
  if (into.isLocal) return 'header';
  const isRead =
    setText(into.source, family === 'TCP6', source, Number(sourcePort)) &&
    setText(into.destination, family === 'TCP6', destination, Number(destinationPort));
  return isRead ? 'header' : 'malformed';
}

function setText(address: HeaderAddress, isIpv6: boolean, host: string, port: number): boolean {
  const ip = host.includes(':') === isIpv6 ? parseIp(host) : null;
  if (ip === null || port > 65_535) return false;
  address.set(ip, 0, ip.length === 4 ? 4 : 16, port);
  return true;
}

// `!` below: the bytes that are read are there.
function readBinary(bytes: Uint8Array, into: ProxyHeader): ProxyVerdict {
  const addressLength = addressLengthOf(bytes[12]!, bytes[13]!);
  const length = FIXED_LENGTH + read16(bytes, 14);
  if (addressLength === null || FIXED_LENGTH + addressLength > length) return 'malformed';
  if (length > LONGEST_HEADER) return 'malformed';
  if (bytes.length < length) return 'incomplete';
  into.length = length;
  into.isLocal = true;
  // What LOCAL and an unspecified family carry has no form that one could check.
  if (addressLength === 0) return 'header';
  const header = bytes.subarray(0, length);
  if (!areTlvsSound(header, FIXED_LENGTH + addressLength)) return 'malformed';
  const size = SIZE_OF_TCP.get(bytes[13]!);
  if (size === undefined) return 'header';
  const ports = FIXED_LENGTH + 2 * size;
  into.isLocal = false;
  into.source.set(header, FIXED_LENGTH, size, read16(header, ports));
  into.destination.set(header, FIXED_LENGTH + size, size, read16(header, ports + 2));
  return 'header';
}

/** How many bytes of addresses follow; null: the command, the family or the transport is not defined. */
function addressLengthOf(command: number, family: number): number | null {
  // The family of LOCAL has no meaning.
  if (command === COMMAND.local) return 0;
  if (command !== COMMAND.proxy || (family & 15) > LAST_TRANSPORT) return null;
  return ADDRESS_LENGTHS[family >> 4] ?? null;
}

/** Whether the values end where the header ends, and its checksum is right where it has one. */
function areTlvsSound(header: Uint8Array, start: number): boolean {
  let at = start;
  while (at + TLV_HEADER <= header.length) {
    const value = at + TLV_HEADER;
    const next = value + read16(header, at + 1);
    if (next > header.length) return false;
    if (header[at] === TLV.crc32c && !(next === value + 4 && crc32c(header, value) === read32(header, value)))
      return false;
    at = next;
  }
  return at === header.length;
}

/** CRC32c (RFC 4960, appendix B) of a header whose own four bytes from `zeros` count as zeros. */
function crc32c(bytes: Uint8Array, zeros: number): number {
  let crc = -1;
  for (let at = 0; at < bytes.length; at += 1) {
    crc ^= at >= zeros && at < zeros + 4 ? 0 : bytes[at]!;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return ~crc >>> 0;
}

function read16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

function read32(bytes: Uint8Array, at: number): number {
  return ((read16(bytes, at) << 16) | read16(bytes, at + 2)) >>> 0;
}
