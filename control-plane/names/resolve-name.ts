/** The addresses of one entry of `dns`: A and AAAA records, or those of the targets of SRV records. */
import {
  formatIp,
  isLinkLocal,
  isMulticastOrBroadcast,
  isUnspecified,
  parseIp,
} from '../../core/model/ip.ts';
import { MAX_TIER, MAX_WEIGHT } from '../../core/model/defaults.ts';
import type { DnsAddress } from '../store/member-store.ts';
import { MAX_ADDRESSES } from './name-machine.ts';
import type { Answer, NameResolver, Resolved, SrvRecord } from './name-resolver.ts';

/** Records of SRV whose targets are looked up. */
const MAX_TARGETS = 64;
const FAMILIES = [4, 6] as const;
const SHORTEST_TTL_MS = 1_000;
const LONGEST_TTL_MS = 30_000;

/** `name`: canonical, as in the `dns` of a pool: with a port, or without one for SRV. */
export async function resolveName(resolver: NameResolver, name: string): Promise<Resolved> {
  const at = name.lastIndexOf(':');
  if (at < 0) return bounded(await resolveServices(resolver, name));
  const port = Number(name.slice(at + 1));
  const found = await resolveHost(resolver, name.slice(0, at));
  const addresses = found.ips.map((ip) => ({ address: withPort(ip, port) }));
  return bounded({ ...found, addresses, missing: found.ips.length === 0 ? FAMILIES : found.missing });
}

interface Host extends Omit<Resolved, 'addresses'> {
  readonly ips: readonly string[];
}

async function resolveHost(resolver: NameResolver, host: string): Promise<Host> {
  const answers = await Promise.all(FAMILIES.map((family) => resolver.addresses(host, family)));
  const told = answers.flatMap((answer) => (answer.type === 'records' ? answer.records : []));
  const ips = told.filter(isUsable);
  const missing = FAMILIES.filter((_, index) => answers[index]?.type === 'failed');
  const failed = answers.find((answer) => answer.type === 'failed');
  const ttlMs = Math.min(...answers.map(ttlOf));
  if (failed) return { ips, missing, ttlMs, problem: failed.reason };
  const unusable = told.find((ip) => !isUsable(ip));
  const problem = unusable !== undefined ? `${host} leads to ${unusable}, which no backend can have` : null;
  const nothing = told.length === 0 ? `${host} does not exist, or has no addresses` : null;
  return { ips, missing: [], ttlMs, problem: problem ?? nothing };
}

/** A DNS server that blocks a name answers 0.0.0.0 or ::, which must not empty a pool. */
function isUsable(ip: string): boolean {
  const bytes = parseIp(ip);
  if (bytes === null || isUnspecified(bytes) || isMulticastOrBroadcast(bytes)) return false;
  return bytes.length === 4 || !isLinkLocal(bytes);
}

async function resolveServices(resolver: NameResolver, name: string): Promise<Resolved> {
  const answer = await resolver.services(name);
  const nothing = { addresses: [], missing: FAMILIES, ttlMs: LONGEST_TTL_MS };
  if (answer.type === 'failed') return { ...nothing, problem: answer.reason };
  if (answer.type === 'none') return { ...nothing, problem: `${name} does not exist, or has no SRV records` };
  // Nobody can connect to port 0.
  const named = answer.records.filter(({ host, port }) => host !== '' && host !== '.' && port > 0);
  const targets = [...named].sort(byRank).slice(0, MAX_TARGETS);
  // RFC 2782: a single record with the target "." says that there is no such service.
  if (targets.length === 0)
    return { ...nothing, problem: `the SRV records of ${name} say that there is no such service` };
  const hosts = await Promise.all(targets.map(({ host }) => resolveHost(resolver, host)));
  const tiers = tiersOf(targets);
  const addresses = targets.flatMap(({ port, weight, priority }, index) =>
    (hosts[index]?.ips ?? []).map((ip) => {
      const tier = tiers.get(priority) ?? 0;
      // RFC 2782: a weight of 0 is a very small one.
      return { address: withPort(ip, port), weight: Math.max(1, Math.min(weight, MAX_WEIGHT)), tier };
    }),
  );
  const failed = FAMILIES.filter((family) => hosts.some((host) => host.missing.includes(family)));
  const missing = addresses.length === 0 ? FAMILIES : failed;
  const tooMany = `it has ${named.length} SRV records, of which the first ${MAX_TARGETS} are used`;
  const problem =
    hosts.find((host) => host.problem !== null)?.problem ?? (named.length > MAX_TARGETS ? tooMany : null);
  const ttlMs = Math.min(answer.ttlMs, ...hosts.map((host) => host.ttlMs));
  return { addresses, missing, ttlMs, problem };
}

/** Servers give the records in any order, which must not decide what is used. */
function byRank(a: SrvRecord, b: SrvRecord): number {
  if (a.priority !== b.priority) return a.priority - b.priority;
  if (a.weight !== b.weight) return b.weight - a.weight;
  return a.host === b.host ? a.port - b.port : a.host < b.host ? -1 : 1;
}

/** The lowest priority is tier 0, the next one tier 1, and so on. */
function tiersOf(records: readonly SrvRecord[]): ReadonlyMap<number, number> {
  const priorities = [...new Set(records.map(({ priority }) => priority))].sort((a, b) => a - b);
  return new Map(priorities.map((priority, index) => [priority, Math.min(index, MAX_TIER)]));
}

/** Sorted, each address once, no more than MAX_ADDRESSES. */
function bounded({ addresses, missing, ttlMs, problem }: Resolved): Resolved {
  const byAddress = new Map<string, DnsAddress>();
  for (const each of addresses) if (!byAddress.has(each.address)) byAddress.set(each.address, each);
  const sorted = [...byAddress.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  const tooMany = `it has ${sorted.length} addresses, of which the first ${MAX_ADDRESSES} are used`;
  return {
    addresses: sorted.slice(0, MAX_ADDRESSES),
    missing,
    ttlMs: Math.max(SHORTEST_TTL_MS, Math.min(ttlMs, LONGEST_TTL_MS)),
    problem: problem ?? (sorted.length > MAX_ADDRESSES ? tooMany : null),
  };
}

function ttlOf(answer: Answer<string>): number {
  return answer.type === 'records' ? answer.ttlMs : LONGEST_TTL_MS;
}

function withPort(ip: string, port: number): string {
  const bytes = parseIp(ip);
  const host = bytes === null ? ip : formatIp(bytes);
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
