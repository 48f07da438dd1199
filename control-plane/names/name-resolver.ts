/** Asks DNS for the addresses of a name. One query for each family, with a bounded time; nothing is cached here. */
import { Resolver } from 'node:dns/promises';
import type { DnsAddress } from '../store/member-store.ts';

/** Of one family of addresses, or of SRV records. */
export type Answer<T> =
  | { readonly type: 'records'; readonly records: readonly T[]; readonly ttlMs: number }
  /** There is no such name, or it has no records of this type. */
  | { readonly type: 'none' }
  | { readonly type: 'failed'; readonly reason: string };

export interface SrvRecord {
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
}

export interface NameResolver {
  addresses(host: string, family: 4 | 6): Promise<Answer<string>>;
  services(name: string): Promise<Answer<SrvRecord>>;
}

/** A query is sent this often, to each server in turn, and waits so long each time. */
const TRIES = 2;
const TIMEOUT_MS = 1_000;
/** Node tells no time to live of SRV records. */
const SRV_TTL_MS = 5_000;
const NO_RECORDS: ReadonlySet<string> = new Set(['ENODATA', 'ENOTFOUND']);
const WORDS: Readonly<Record<string, string>> = {
  ETIMEOUT: 'the DNS server did not answer in time',
  ECONNREFUSED: 'no DNS server answers',
  ESERVFAIL: 'the DNS server failed (SERVFAIL)',
  EREFUSED: 'the DNS server refused the query',
  EFORMERR: 'the DNS server did not understand the query',
  EBADRESP: 'the answer of the DNS server can’t be read',
};

/** `servers`: `IP:PORT`; none: those of this host. */
export function dnsResolver(servers: readonly string[]): NameResolver {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    addresses: (host, family) =>
      answer(async () => {
        const found = await (family === 4
          ? resolver.resolve4(host, { ttl: true })
          : resolver.resolve6(host, { ttl: true }));
        const ttl = Math.min(...found.map((record) => record.ttl));
        return { records: found.map(({ address }) => address), ttlMs: ttl * 1_000 };
      }),
    services: (name) =>
      answer(async () => {
        const found = await resolver.resolveSrv(name);
        const records = found.map(({ name: host, port, priority, weight }) => {
          return { host: host.toLowerCase(), port, priority, weight };
        });
        return { records, ttlMs: SRV_TTL_MS };
      }),
  };
}

async function answer<T>(ask: () => Promise<{ records: readonly T[]; ttlMs: number }>): Promise<Answer<T>> {
  try {
    const found = await ask();
    return found.records.length === 0 ? { type: 'none' } : { type: 'records', ...found };
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException;
    return NO_RECORDS.has(code) ? { type: 'none' } : { type: 'failed', reason: WORDS[code] ?? message };
  }
}

/** What a name has now: addresses with their ports, or why that is not known. */
export interface Resolved {
  readonly addresses: readonly DnsAddress[];
  /** Families (`4`, `6`) that could not be asked, so that their last addresses stay. */
  readonly missing: readonly (4 | 6)[];
  readonly ttlMs: number;
  /** Null: all is well. */
  readonly problem: string | null;
}
