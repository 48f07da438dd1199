/**
 * The hash of a client's IP address that decides its backend under `source_hash`.
 *
 * Invariants
 *  - it is the same on every proxy and in both engines, and must never change: a change moves every client;
 *  - an IPv4-mapped IPv6 address hashes as the IPv4 address;
 *  - every bit of the address reaches every bit of the hash (the finaliser of MurmurHash3, Austin Appleby, public
 *    domain, after each word).
 */
import { isMapped, parseIp } from './ip.ts';

const SEED = 0x9e3779b9;

/** Hash of an IP address in text form, without the zone of a link-local address; 0 for any other text. */
export function sourceHash(ipText: string): number {
  const zone = ipText.indexOf('%');
  const bytes = parseIp(zone < 0 ? ipText : ipText.slice(0, zone));
  return bytes === null ? 0 : hashIpBytes(bytes, 0, bytes.length);
}

/** Hash of an IP address in network order: `length` is 4 or 16. Unsigned 32 bits. No allocation. */
export function hashIpBytes(bytes: Uint8Array, offset: number, length: number): number {
  const start = length === 16 && isMapped(bytes, offset) ? offset + 12 : offset;
  let hash = SEED;
  for (let at = start; at < offset + length; at += 4) hash = mix(hash ^ wordAt(bytes, at));
  return hash >>> 0;
}

/** Four bytes in network order, signed. `!`: the caller says how long the address is; this runs for each connection. */
function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}

function mix(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  // The constant keeps address words that mix to zero from vanishing.
  return (mixed ^ (mixed >>> 16)) + 0x5bd1e995;
}
