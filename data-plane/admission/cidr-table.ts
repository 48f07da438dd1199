/**
 * Which network holds an address: the longest prefix wins. Networks that contain each other become stretches of addresses
 * that do not overlap, each with its value; a lookup is a binary search for the stretch.
 *
 * Invariants
 *  - n networks make at most 2n + 1 stretches, so a lookup takes at most 32 steps (14 for 5,000 networks), and allocates nothing;
 *  - the main thread builds a table, in shared memory; it never changes again, and is cheap to send to a worker;
 *  - an IPv4-mapped IPv6 address is looked up as the IPv4 address that it holds.
 */
import { parseCidr } from '../../core/model/cidr.ts';
import { isMapped } from '../../core/model/ip.ts';

export interface CidrEntry {
  readonly cidr: {
    /** 4 or 16, in network order; the bits beyond the prefix are 0. */
    readonly bytes: Uint8Array;
    readonly prefix: number;
  };
  /** Not negative. */
  readonly value: number;
}

/** The stretches of one family. */
interface Stretches {
  /** Where each begins, ascending, as 32-bit words in the order of the network; the first begins at 0. */
  readonly starts: Uint32Array;
  readonly values: Int32Array;
}

export interface CidrTable {
  readonly v4: Stretches;
  readonly v6: Stretches;
}

/** The value of an address that no network holds. */
export const NO_NETWORK = -1;

/** Of networks as a listener lists them, with one value. Texts that are no networks, which validation refuses, are left out. */
export function cidrEntries(networks: readonly string[], value: number): CidrEntry[] {
  return networks.flatMap((network) => {
    const cidr = parseCidr(network);
    return cidr.ok ? [{ cidr: cidr.value, value }] : [];
  });
}

/** Of a network that is listed twice, the last value counts. */
export function buildCidrTable(entries: readonly CidrEntry[]): CidrTable {
  return {
    v4: stretchesOf(
      entries.filter(({ cidr }) => cidr.bytes.length === 4),
      1,
    ),
    v6: stretchesOf(
      entries.filter(({ cidr }) => cidr.bytes.length === 16),
      4,
    ),
  };
}

/** The value of the longest prefix that holds an address of 4 or 16 bytes, or NO_NETWORK. */
export function findCidr({ v4, v6 }: CidrTable, ip: Uint8Array, length: 4 | 16): number {
  if (length === 4) return find(v4, ip, 0, 1);
  return isMapped(ip, 0) ? find(v4, ip, 12, 1) : find(v6, ip, 0, 4);
}

// `!` in the rest of this file: indexes are below the lengths of the arrays, and addresses have as many bytes as said.

function find({ starts, values }: Stretches, ip: Uint8Array, from: number, words: number): number {
  // The stretch lies in [low, high): the first begins at 0, so it is always found.
  let low = 0;
  let high = values.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (isBelow(ip, from, starts, middle * words, words)) high = middle;
    else low = middle;
  }
  return values[low]!;
}

function isBelow(ip: Uint8Array, from: number, starts: Uint32Array, at: number, words: number): boolean {
  for (let word = 0; word < words; word++) {
    const byte = from + word * 4;
    const mine = ((ip[byte]! << 24) | (ip[byte + 1]! << 16) | (ip[byte + 2]! << 8) | ip[byte + 3]!) >>> 0;
    const start = starts[at + word]!;
    if (mine !== start) return mine < start;
  }
  return false;
}

interface Network {
  readonly first: bigint;
  /** One past its last address. */
  readonly end: bigint;
  readonly value: number;
}

function stretchesOf(entries: readonly CidrEntry[], words: number): Stretches {
  const bits = words * 32;
  const networks = entries.map(({ cidr: { bytes, prefix }, value }): Network => {
    const first = bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    return { first, end: first + (1n << BigInt(bits - prefix)), value };
  });
  // A network comes before those within it. The order of equal ones stays.
  networks.sort((a, b) => compare(a.first, b.first) || compare(b.end, a.end));
  const found: [start: bigint, value: number][] = [];
  const begin = (start: bigint, value: number) => {
    if (found.at(-1)?.[0] === start) found.pop();
    if (found.at(-1)?.[1] !== value) found.push([start, value]);
  };
  begin(0n, NO_NETWORK);
  /** Those around the place that is reached, the outermost first. */
  const open: Network[] = [];
  const endUntil = (limit: bigint) => {
    while (open.length > 0 && open.at(-1)!.end <= limit) {
      const { end } = open.pop()!;
      begin(end, open.at(-1)?.value ?? NO_NETWORK);
    }
  };
  for (const network of networks) {
    endUntil(network.first);
    begin(network.first, network.value);
    open.push(network);
  }
  const last = 1n << BigInt(bits);
  endUntil(last);
  return share(
    found.filter(([start]) => start < last),
    words,
  );
}

function compare(a: bigint, b: bigint): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function share(found: readonly (readonly [start: bigint, value: number])[], words: number): Stretches {
  const memory = new SharedArrayBuffer(found.length * 4 * (words + 1));
  const starts = new Uint32Array(memory, 0, found.length * words);
  const values = new Int32Array(memory, found.length * words * 4, found.length);
  for (const [index, [start, value]] of found.entries()) {
    for (let word = 0; word < words; word++) {
      starts[index * words + word] = Number((start >> BigInt((words - 1 - word) * 32)) & 0xffff_ffffn);
    }
    values[index] = value;
  }
  return { starts, values };
}
