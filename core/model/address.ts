/**
 * Addresses: an IP literal and a port, `10.0.0.1:80` or `[2001:db8::1]:80`. A listener may have a range of ports,
 * `0.0.0.0:7000-7010`, and a backend none. Host names are refused: the address behind a name can change unnoticed, and can
 * differ from proxy to proxy.
 */
import { formatIp, isUnspecified, parseIp } from './ip.ts';

export interface Address {
  /** Canonical, without brackets. */
  readonly host: string;
  /** The first one of a range; 0: it has none. */
  readonly port: number;
  /** Of a range; else it is `port`. */
  readonly lastPort: number;
  readonly family: 4 | 6;
  readonly bytes: Uint8Array;
  /** `host:port`, IPv6 in brackets: equal addresses have equal canonical texts. */
  readonly canonical: string;
}

export type ParsedAddress =
  | { readonly ok: true; readonly value: Address }
  | { readonly ok: false; readonly description: string };

/** Whose address it is: only a listener may have a range of ports, and only a backend no port. */
export type AddressForm = 'one' | 'listener' | 'backend';

/** Ports that one listener may have. */
const MAX_PORTS = 1_024;

/** Reads an address, or describes what is wrong and what is allowed. */
export function parseAddress(text: string, form: AddressForm = 'one'): ParsedAddress {
  const refuse = (what: string): ParsedAddress => ({
    ok: false,
    description: `"${text}" ${what}; write IP:PORT, such as 10.0.0.1:80 or [2001:db8::1]:80`,
  });
  if (text === '') return refuse('is not an address');
  const parts = /^(?:\[([^\]]*)\]|([^:]*))(?::([^:]*))?$/.exec(text);
  if (parts === null) return refuse(whyNotHostAndPort(text));
  const [, bracketed, plain = '', portText] = parts;
  const hostText = bracketed ?? plain;
  const bytes = bracketed !== undefined && !bracketed.includes(':') ? null : parseIp(hostText);
  if (portText === undefined && (bytes === null || form !== 'backend'))
    return refuse(whyNotHostAndPort(text));
  const ports = portText === undefined ? [0, 0] : readPorts(portText, form);
  if (typeof ports === 'string') return refuse(ports);
  if (bytes === null) return refuse(whyNotIp(hostText, bracketed !== undefined));
  return { ok: true, value: toAddress(bytes, ...(ports as [number, number])) };
}

/** The ports, or what is wrong with them. */
function readPorts(text: string, form: AddressForm): readonly number[] | string {
  const parts = text.split('-');
  const wrong = parts.find((part) => !/^[1-9]\d{0,4}$/.test(part) || Number(part) > 65_535);
  if (wrong !== undefined) return `has the port "${wrong}", which is not a number from 1 to 65535`;
  const [first = 0, last = first] = parts.map(Number);
  if (parts.length > 2) return `has the ports "${text}", which are no range, such as 7000-7010`;
  if (parts.length === 2 && form !== 'listener')
    return `has the ports "${text}"; only a listener can have a range`;
  if (last < first)
    return `has a range of ports that ends before it begins; perhaps ${last}-${first} is meant`;
  const ports = last - first + 1;
  return ports > MAX_PORTS ? `has ${ports} ports; one listener can have ${MAX_PORTS}` : [first, last];
}

/** The canonical form of an address of any form, or the text itself when it isn't one: validate.ts refuses that later. */
export function canonicalAddress(text: string): string {
  const parsed = parseAddress(text, text.includes('-') ? 'listener' : 'backend');
  return parsed.ok ? parsed.value.canonical : text;
}

/** Of a canonical address. */
export function hasPort(address: string): boolean {
  return /:[\d-]+$/.test(address);
}

/** Where a listener accepts connections. */
export type Accepting = Address & { readonly ipv6Only?: true | undefined };

/** Whether two listeners on these addresses would take connections from each other. */
export function addressesOverlap(a: Accepting, b: Accepting): boolean {
  if (a.port > b.lastPort || b.port > a.lastPort) return false;
  return covers(a, b) || covers(b, a) || a.host === b.host;
}

/** Whether `listener` is a wildcard that accepts what is sent to `other`. [::] accepts IPv4 too, unless it says otherwise. */
function covers(listener: Accepting, other: Address): boolean {
  const accepts = listener.family === other.family || (listener.family === 6 && !listener.ipv6Only);
  return isUnspecified(listener.bytes) && accepts;
}

function toAddress(bytes: Uint8Array, port: number, lastPort: number): Address {
  const host = formatIp(bytes);
  const family = bytes.length === 4 ? 4 : 6;
  const shown = family === 4 ? host : `[${host}]`;
  const ports = port === 0 ? '' : `:${port}${lastPort === port ? '' : `-${lastPort}`}`;
  return { host, port, lastPort, family, bytes, canonical: `${shown}${ports}` };
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
