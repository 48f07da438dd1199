/** Writes headers of the PROXY protocol: who the client of a connection is, for a backend. */
import { formatIp } from '../../core/model/ip.ts';
import { FIXED_LENGTH, type HeaderAddress, SIGNATURE, TLV, TLV_HEADER } from './proxy-header.ts';

/** No header that is written is longer, so that each is one segment on every path. */
export const LONGEST_WRITTEN = 536;
const LOCAL = 0x20;
const PROXY = 0x21;
const TCP4 = 0x11;
const TCP6 = 0x21;
const encoder = new TextEncoder();

/** Writes version 1 and returns its length. Where an address is not known, it says so: UNKNOWN. */
export function writeProxyLine(source: HeaderAddress, destination: HeaderAddress, into: Uint8Array): number {
  const isKnown = source.family !== 0 && destination.family !== 0;
  const family = isIpv6(source, destination) ? 'TCP6' : 'TCP4';
  const hosts = `${hostOf(source, family)} ${hostOf(destination, family)}`;
  const line = isKnown ? `${family} ${hosts} ${source.port} ${destination.port}` : 'UNKNOWN';
  return encoder.encodeInto(`PROXY ${line}\r\n`, into).written;
}

/** Writes version 2 and returns its length. Empty texts are left out, and so is one that does not fit. */
export function writeProxyHeader(
  source: HeaderAddress,
  destination: HeaderAddress,
  serverName: string,
  uniqueId: string,
  into: Uint8Array,
): number {
  const isKnown = source.family !== 0 && destination.family !== 0;
  const isV6 = isIpv6(source, destination);
  const size = isV6 ? 16 : 4;
  let at = FIXED_LENGTH;
  if (isKnown) {
    writeIp(source, isV6, into, at);
    writeIp(destination, isV6, into, at + size);
    write16(into, at + 2 * size, source.port);
    write16(into, at + 2 * size + 2, destination.port);
    at += 2 * size + 4;
  }
  at = writeText(into, at, TLV.uniqueId, uniqueId);
  at = writeText(into, at, TLV.authority, serverName);
  writeStart(into, PROXY, isKnown ? (isV6 ? TCP6 : TCP4) : 0, at);
  return at;
}

/** The two ends of a socket of Node. */
interface Ends {
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
}

/**
 * The header of a check of ours, behind which is no client. Version 1 has no word for that which every server takes: the
 * specification asks for the addresses of the connection itself instead of UNKNOWN.
 */
export function checkHeader(version: 'v1' | 'v2', ends: Ends): Uint8Array {
  if (version === 'v1') {
    const { localAddress, localPort, remoteAddress, remotePort } = ends;
    const isKnown = localAddress !== undefined && remoteAddress !== undefined;
    const family = localAddress?.includes(':') ? 'TCP6' : 'TCP4';
    const line = isKnown
      ? `${family} ${localAddress} ${remoteAddress} ${localPort} ${remotePort}`
      : 'UNKNOWN';
    return encoder.encode(`PROXY ${line}\r\n`);
  }
  const header = new Uint8Array(FIXED_LENGTH);
  writeStart(header, LOCAL, 0, FIXED_LENGTH);
  return header;
}

/** IPv4 and IPv6 never mix in a header: IPv4 is then written as the IPv6 address that stands for it. */
function isIpv6(source: HeaderAddress, destination: HeaderAddress): boolean {
  return source.family === 6 || destination.family === 6;
}

function hostOf({ family, ip }: HeaderAddress, as: 'TCP4' | 'TCP6'): string {
  if (family === 6) return formatIp(ip);
  const host = formatIp(ip.subarray(0, 4));
  return as === 'TCP6' ? `::ffff:${host}` : host;
}

function writeIp({ family, ip }: HeaderAddress, asIpv6: boolean, into: Uint8Array, at: number): void {
  const isMapped = asIpv6 && family === 4;
  if (isMapped) into.fill(0, at, at + 10).fill(255, at + 10, at + 12);
  const length = asIpv6 && !isMapped ? 16 : 4;
  const start = isMapped ? at + 12 : at;
  for (let index = 0; index < length; index += 1) into[start + index] = ip[index]!; // `!`: it has 16.
}

function writeText(into: Uint8Array, at: number, type: number, text: string): number {
  const start = at + TLV_HEADER;
  if (text === '' || start + text.length > Math.min(into.length, LONGEST_WRITTEN)) return at;
  into[at] = type;
  write16(into, at + 1, text.length);
  for (let index = 0; index < text.length; index += 1) into[start + index] = text.charCodeAt(index);
  return start + text.length;
}

function writeStart(into: Uint8Array, command: number, family: number, length: number): void {
  into.set(SIGNATURE);
  into[12] = command;
  into[13] = family;
  write16(into, 14, length - FIXED_LENGTH);
}

function write16(into: Uint8Array, at: number, value: number): void {
  into[at] = value >> 8;
  into[at + 1] = value;
}
