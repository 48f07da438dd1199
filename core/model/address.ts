/**
 * Addresses: an IP literal and a port, `10.0.0.1:80` or `[2001:db8::1]:80`. Host names are refused: the address behind a
 * name can change unnoticed, and can differ from proxy to proxy.
 */
import { formatIp, isUnspecified, parseIp } from './ip.ts';

export interface Address {
  /** Canonical, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  /** `host:port`, IPv6 in brackets: equal addresses have equal canonical texts. */
  readonly canonical: string;
}

export type ParsedAddress =
  | { readonly ok: true; readonly value: Address }
  | { readonly ok: false; readonly description: string };

/** Reads `IP:PORT` or `[IPv6]:PORT`, or describes what is wrong and what is allowed. */
export function parseAddress(text: string): ParsedAddress {
  const refuse = (what: string): ParsedAddress => ({
    ok: false,
    description: `"${text}" ${what}; write IP:PORT, such as 10.0.0.1:80 or [2001:db8::1]:80`,
  });
  if (text === '') return refuse('is not an address');
  const parts = /^(?:\[([^\]]*)\]|([^:]*)):([^:]*)$/.exec(text);
  if (parts === null) return refuse(whyNotHostAndPort(text));
  const [, bracketed, plain = '', portText = ''] = parts;
  if (!/^[1-9]\d{0,4}$/.test(portText) || Number(portText) > 65_535) {
    return refuse(`has the port "${portText}", which is not a number from 1 to 65535`);
  }
  const hostText = bracketed ?? plain;
  const bytes = bracketed !== undefined && !bracketed.includes(':') ? null : parseIp(hostText);
  if (bytes === null) return refuse(whyNotIp(hostText, bracketed !== undefined));
  return { ok: true, value: toAddress(bytes, Number(portText)) };
}

/** The canonical form of an address, or the text itself when it isn't one: validate.ts refuses that later. */
export function canonicalAddress(text: string): string {
  const parsed = parseAddress(text);
  return parsed.ok ? parsed.value.canonical : text;
}

/** Whether two listeners on these addresses would take connections from each other. */
export function addressesOverlap(a: Address, b: Address): boolean {
  if (a.port !== b.port) return false;
  return covers(a, b) || covers(b, a) || a.host === b.host;
}

/** Whether `listener` is a wildcard that accepts what is sent to `other`. [::] accepts IPv4 too. */
function covers(listener: Address, other: Address): boolean {
  return isUnspecified(listener.bytes) && (listener.family === 6 || other.family === 4);
}

function toAddress(bytes: Uint8Array, port: number): Address {
  const host = formatIp(bytes);
  const family = bytes.length === 4 ? 4 : 6;
  return { host, port, family, bytes, canonical: family === 4 ? `${host}:${port}` : `[${host}]:${port}` };
}

function whyNotHostAndPort(text: string): string {
  if (parseIp(text) !== null) return 'has no port, or is an IPv6 address without brackets';
  return text.includes(':') ? 'is not an IP address and a port' : 'has no port';
}

function whyNotIp(host: string, bracketed: boolean): string {
  if (host === '') return 'has no IP address before the port';
  if (host.includes('%')) return 'has an IPv6 zone, which differs from host to host; use a global address';
  if (bracketed) return `has "${host}" in brackets, which is not an IPv6 address`;
  if (/^[\d.]+$/.test(host))
    return `has "${host}", which is not an IPv4 address (four numbers from 0 to 255)`;
  return `names the host "${host}"; use its IP address, since the address behind a name can change`;
}
