/** Networks as users write them: `10.0.0.0/8`, `2001:db8::/32`, or an address alone, which is a network of one. */
import type { Read } from './fields/field.ts';
import { formatIp, parseIp } from './ip.ts';

interface Cidr {
  /** 4 or 16, in network order; the bits beyond the prefix are 0. */
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

/** Reads a network, or describes what is wrong and what is allowed. */
export function parseCidr(text: string): Read<Cidr> {
  const [, host = '', length] = /^([^/]*)(?:\/(.*))?$/s.exec(text) ?? [];
  const bytes = parseIp(host);
  if (bytes === null) {
    return refused(
      `"${shown(text)}" is not a network; write one such as 10.0.0.0/8, 2001:db8::/32 or 192.0.2.7`,
    );
  }
  const most = bytes.length * 8;
  const prefix = length === undefined ? most : /^(0|[1-9]\d{0,2})$/.test(length) ? Number(length) : Infinity;
  // An IPv4-mapped address is read as the IPv4 address, whose prefix is shorter.
  if (prefix > most) {
    const family = most === 32 ? 'IPv4' : 'IPv6';
    return refused(
      `"${shown(text)}" has the prefix /${shown(length ?? '')}; an ${family} network has /0 to /${most}`,
    );
  }
  const network = masked(bytes, prefix);
  if (!network.every((byte, index) => byte === bytes[index])) {
    const meant = `${formatIp(network)}/${prefix}`;
    return refused(
      `"${text}" has bits beyond its prefix; write ${meant} for the network, or ${formatIp(bytes)} for the one address`,
    );
  }
  return { ok: true, value: { bytes, prefix } };
}

/** The same as its canonical text, always with a prefix. */
export function readCidr(text: string): Read<string> {
  const parsed = parseCidr(text);
  if (!parsed.ok) return parsed;
  const { bytes, prefix } = parsed.value;
  return { ok: true, value: `${formatIp(bytes)}/${prefix}` };
}

function masked(bytes: Uint8Array, prefix: number): Uint8Array {
  return bytes.map((byte, index) => byte & (0xff00 >> Math.min(8, Math.max(0, prefix - index * 8))));
}

const refused = (description: string) => ({ ok: false, description }) as const;

const shown = (text: string) => JSON.stringify(text.slice(0, 60)).slice(1, -1);
