/** Resolves the names of control planes: each address of a name is a replica. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Clock, sleep } from './clock.ts';
import { messageOf } from './errors.ts';

/** For a resolver that does not answer. */
const LOOKUP_TIMEOUT_MS = 5_000;

/** All IP addresses of a host name. Rejects when there is none. */
export type Lookup = (host: string) => Promise<readonly string[]>;

export const systemLookup: Lookup = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

export type Named =
  | { readonly ok: true; readonly addresses: readonly string[] }
  | { readonly ok: false; readonly reason: string };

/** Whether HOST:PORT has a host name, whose addresses can change. */
export function isName(hostPort: string): boolean {
  return isIP(hostOf(hostPort)) === 0;
}

/** HOST:PORT → IP:PORT of each address, sorted. Never rejects; bounded. */
export async function lookUp(hostPort: string, find: Lookup, clock: Clock): Promise<Named> {
  const host = hostOf(hostPort);
  if (isIP(host) !== 0) return { ok: true, addresses: [hostPort] };
  const late = new AbortController();
  try {
    const found = await Promise.race([
      find(host),
      sleep(clock, LOOKUP_TIMEOUT_MS, late.signal).then(() => {
        throw new Error(`no answer within ${LOOKUP_TIMEOUT_MS / 1_000} s`);
      }),
    ]);
    // A host with addresses of both families is one replica; proxies would report to it twice.
    const family = found.some((address) => isIP(address) === 4) ? 4 : 6;
    const ips = [...new Set(found)].filter((address) => isIP(address) === family).sort();
    if (ips.length === 0) return { ok: false, reason: `${host} has no address` };
    const port = hostPort.slice(hostPort.lastIndexOf(':'));
    return { ok: true, addresses: ips.map((ip) => (family === 6 ? `[${ip}]${port}` : `${ip}${port}`)) };
  } catch (error) {
    return { ok: false, reason: `${host} can't be resolved: ${messageOf(error)}` };
  } finally {
    late.abort();
  }
}

function hostOf(hostPort: string): string {
  return hostPort.slice(0, hostPort.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
