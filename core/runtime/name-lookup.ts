/** Resolves the names of control planes: each address of a name leads to a replica, several perhaps to the same one. */
import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { type Clock, sleep } from './clock.ts';
import { messageOf } from './errors.ts';
import { formatHostPort } from './flags.ts';

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

/** HOST:PORT → IP:PORT of each address of both families, sorted. Never rejects; bounded. */
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
    // IPv4 first, and both families: a control plane may listen on one of them alone.
    const ips = [...new Set(found)].sort((a, b) => isIP(a) - isIP(b) || (a < b ? -1 : 1));
    if (ips.length === 0) return { ok: false, reason: `${host} has no address` };
    const port = Number(hostPort.slice(hostPort.lastIndexOf(':') + 1));
    return { ok: true, addresses: ips.map((ip) => formatHostPort({ host: ip, port })) };
  } catch (error) {
    return { ok: false, reason: `${host} can't be resolved: ${messageOf(error)}` };
  } finally {
    late.abort();
  }
}

function hostOf(hostPort: string): string {
  return hostPort.slice(0, hostPort.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
