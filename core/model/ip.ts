/**
 * IP addresses as bytes, and bytes as text.
 *
 * Invariants
 *  - an IPv4-mapped IPv6 address (`::ffff:10.0.0.1`) is read as the IPv4 address, so a host has one form only;
 *  - `formatIp(parseIp(text))` is canonical: lower case, the longest run of zero groups compressed (RFC 5952).
 */

/** The 4 or 16 bytes of an IP address, or null when `text` isn't one. Zone ids (`%eth0`) are not addresses. */
export function parseIp(text: string): Uint8Array | null {
  if (!text.includes(':')) return parseIpv4(text);
  const bytes = parseIpv6(text);
  return bytes !== null && isMapped(bytes, 0) ? bytes.slice(12) : bytes;
}

/** The canonical text of 4 or 16 bytes. */
export function formatIp(bytes: Uint8Array): string {
  return bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes);
}

/** 0.0.0.0 or ::, "any address" to a listener. */
export function isUnspecified(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}

/** 127.0.0.0/8 or ::1. */
export function isLoopback(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return bytes[0] === 127;
  return bytes.every((byte, index) => byte === (index === 15 ? 1 : 0));
}

/** 169.254.0.0/16 or fe80::/10: addresses of one link, which differ from host to host. */
export function isLinkLocal(bytes: Uint8Array): boolean {
  if (bytes.length === 4) return bytes[0] === 169 && bytes[1] === 254;
  return bytes[0] === 0xfe && ((bytes[1] ?? 0) & 0xc0) === 0x80;
}

/**
 * Where a host asks its cloud for credentials, besides the link-local 169.254.169.254: fd00:ec2::254 (Amazon),
 * fd20:ce::254 (Google) and 100.100.100.200 (Alibaba).
 */
export function isMetadataService(bytes: Uint8Array): boolean {
  return ['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200'].includes(formatIp(bytes));
}

/** The IPv4 address in ::a.b.c.d or 64:ff9b::a.b.c.d (NAT64), where a packet may end up at it; else the address itself. */
export function embeddedIpv4(bytes: Uint8Array): Uint8Array {
  const isIpv6 = bytes.length === 16 && bytes.subarray(4, 12).every((byte) => byte === 0);
  const prefix = isIpv6 ? formatIp(bytes.slice().fill(0, 12)) : '';
  return (prefix === '::' && !isLoopback(bytes)) || prefix === '64:ff9b::' ? bytes.slice(12) : bytes;
}

/** 224.0.0.0/4, 255.255.255.255 or ff00::/8: addresses that TCP cannot use. */
export function isMulticastOrBroadcast(bytes: Uint8Array): boolean {
  const first = bytes[0] ?? 0;
  if (bytes.length === 16) return first === 0xff;
  return (first & 0xf0) === 0xe0 || bytes.every((byte) => byte === 255);
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  // Leading zeros are refused: some programs read them as octal.
  if (!parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) return null;
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = parseGroups(halves[1] ?? '', true);
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 2) return null;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** The bytes of `a:b:c` or, where it `mayEndInIpv4`, of `a:b:1.2.3.4`. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
      continue;
    }
    const ipv4 = mayEndInIpv4 && index === groups.length - 1 ? parseIpv4(group) : null;
    if (ipv4 === null) return null;
    bytes.push(...ipv4);
  }
  return bytes;
}

function formatIpv6(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2)
    groups.push((((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)).toString(16));
  const run = longestZeroRun(groups);
  if (run.length < 2) return groups.join(':');
  return `${groups.slice(0, run.start).join(':')}::${groups.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== '0') start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/** Whether the 16 bytes from `offset` are an IPv4-mapped IPv6 address. */
export function isMapped(bytes: Uint8Array, offset: number): boolean {
  for (let at = offset; at < offset + 10; at++) if (bytes[at] !== 0) return false;
  return bytes[offset + 10] === 0xff && bytes[offset + 11] === 0xff;
}
