/**
 * The IP addresses that lead to this host itself. They change over time: a virtual IP comes and goes.
 *
 * Besides the addresses of the interfaces, that is all of 127.0.0.0/8 and every local route, which a network card need not
 * have: some clouds deliver the address of a balancer to its hosts in that way.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { isLoopback, parseIp } from '../../core/model/ip.ts';

const ROUTES = '/proc/net/fib_trie';
/**
 * Read each second, which takes milliseconds. A host with the routes of the whole internet has a file of 100 MB; its local
 * routes are in no certain place of it.
 */
const MAX_ROUTE_BYTES = 262_144;

export type IsOwnIp = (ip: Uint8Array) => boolean;

/**
 * Each is an IP, or a range such as `10.0.0.0/24`. Sorted, so that two readings can be compared as text. Null when they
 * can't be read now, for want of a descriptor.
 */
export function readOwnAddresses(): readonly string[] | null {
  try {
    const ofInterfaces = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
    const addresses = new Set([...ofInterfaces.map(({ address }) => address), ...localRoutes(readRoutes())]);
    return [...addresses].sort();
  } catch {
    return null;
  }
}

/**
 * The destinations of type LOCAL in the text of /proc/net/fib_trie, which has IPv4 only. Tables with a number are left out:
 * the kernel consults them for some packets only, and a transparent proxy has all addresses there (local 0.0.0.0/0).
 */
export function localRoutes(text: string): string[] {
  const routes: string[] = [];
  let ip = '';
  const tables = text.split(/^(?=\w.*:$)/m).filter((table) => !table.startsWith('Id '));
  for (const line of tables.join('').split('\n')) {
    ip = /\|-- ([\d.]+)$/.exec(line)?.[1] ?? ip;
    const bits = /\/(\d+) \S+ LOCAL/.exec(line)?.[1];
    if (bits !== undefined) routes.push(bits === '32' ? ip : `${ip}/${bits}`);
  }
  return routes;
}

export function ownIps(addresses: readonly string[]): IsOwnIp {
  const single = new Set<string>();
  const ranges: { readonly ip: Uint8Array; readonly bits: number }[] = [];
  for (const address of addresses) {
    const [host = '', bits] = address.split('/');
    const ip = parseIp(host);
    if (!ip) continue;
    if (bits === undefined) single.add(ip.join('.'));
    else ranges.push({ ip, bits: Number(bits) });
  }
  return (ip) =>
    isLoopback(ip) || single.has(ip.join('.')) || ranges.some((range) => isWithin(ip, range.ip, range.bits));
}

function isWithin(ip: Uint8Array, network: Uint8Array, bits: number): boolean {
  if (ip.length !== network.length) return false;
  return ip.every((byte, index) => {
    const mask = (0xff00 >> Math.min(8, Math.max(0, bits - index * 8))) & 0xff;
    return (byte & mask) === ((network[index] ?? 0) & mask);
  });
}

/** Nothing where there is no such file. */
function readRoutes(): string {
  if (!existsSync(ROUTES)) return '';
  const file = openSync(ROUTES, 'r');
  try {
    const bytes = Buffer.allocUnsafe(MAX_ROUTE_BYTES);
    let size = 0;
    for (let read = 1; read > 0 && size < bytes.length; size += read)
      read = readSync(file, bytes, size, bytes.length - size, null);
    return bytes.toString('latin1', 0, size);
  } finally {
    closeSync(file);
  }
}
