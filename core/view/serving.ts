/** Which tier of a pool serves, put together from what each proxy reports. Pure. */
import type { Policy } from '../model/resources.ts';
import type { PoolReport__Output } from '../wire/generated/lb/v1/PoolReport.ts';
import { timestampFromWire } from '../wire/timestamp-codec.ts';
import { few, isoTimeOf } from './figures.ts';
import { expectation, noneHealthyText } from './policy-words.ts';

/** What some proxies report of a pool. */
export interface Serving extends Pick<PoolReport__Output, 'noneHealthy' | 'servingTier'> {
  readonly proxies: readonly string[];
  /** ` at edge-1 and edge-2`; empty: all connected proxies say so. */
  readonly where: string;
  /** The earliest. */
  readonly sinceMs: number;
}

interface ReportingProxy {
  readonly info: { readonly id: string } | null;
  readonly connected: boolean;
  readonly pools: Iterable<PoolReport__Output>;
}

/** By pool: proxies that say the same of it are together. Pools of one tier with a healthy backend are left out. */
export function servingOf(proxies: readonly ReportingProxy[]): ReadonlyMap<string, readonly Serving[]> {
  const connected = proxies.filter((proxy) => proxy.connected);
  const found = new Map<string, Serving[]>();
  for (const { info, pools } of connected) {
    for (const { pool, noneHealthy, servingTier, servingSince } of pools) {
      const sinceMs = servingSince === null ? 0 : timestampFromWire(servingSince);
      const all = found.get(pool) ?? [];
      const at = all.findIndex((one) => one.noneHealthy === noneHealthy && one.servingTier === servingTier);
      const before = all[at] ?? { proxies: [], sinceMs };
      const names = [...before.proxies, info?.id ?? ''];
      const where = names.length === connected.length ? '' : ` at ${few(names)}`;
      const earliestMs = Math.min(before.sinceMs, sinceMs);
      const now = { noneHealthy, servingTier, proxies: names, where, sinceMs: earliestMs };
      found.set(pool, at === -1 ? [...all, now] : all.with(at, now));
    }
  }
  return found;
}

/** `tier 1 serves: nothing of tier 0 is healthy`; `since` comes after the verb. */
export function tierText(tier: number, since = ''): string {
  const before = tier === 1 ? 'tier 0' : 'the tiers before it';
  return `tier ${tier} serves${since}${tier === 0 ? '' : `: nothing of ${before} is healthy`}`;
}

/** What the clients of the pool get, and where. */
export function servingText(serving: Serving, policy: Policy | undefined, since = ''): string {
  const { noneHealthy, servingTier, where } = serving;
  return noneHealthy ? `${noneHealthyText(policy)}${where}${since}` : tierText(servingTier, where + since);
}

/** The same, and since when. */
export function servingSinceText(serving: Serving, policy: Policy | undefined): string {
  return servingText(serving, policy, ` since ${isoTimeOf(serving.sinceMs)?.replace(/\.\d+Z$/, 'Z')}`);
}

/** Those that are to be seen at a glance: nothing is healthy, another than tier 0 serves, or proxies differ. */
export function notable(serving: readonly Serving[]): readonly Serving[] {
  return serving.filter((one) => one.noneHealthy || one.servingTier > 0 || serving.length > 1);
}

/** What is to be said of a pool with so many healthy backends; nothing while it is as it should be. */
export function poolRemarks(
  policy: Policy | undefined,
  serving: readonly Serving[],
  healthy: number,
): string[] {
  const isNone = serving.some(({ noneHealthy }) => noneHealthy);
  const problem = isNone ? null : expectation(policy, healthy)?.problem;
  return [...notable(serving).map((one) => servingSinceText(one, policy)), ...(problem ? [problem] : [])];
}
