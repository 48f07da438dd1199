/**
 * Which client connections may fail, and why: pure, over what was seen of the fleet. Everything else that fails, and
 * any wrong byte, is a fault of ours.
 */
import type { Outage } from '../actor.ts';
import type { ConnectionRecord } from '../clients.ts';

/** What happened to the processes that a connection may have gone through. */
export interface Surroundings {
  /** By name. */
  readonly proxies: ReadonlyMap<string, readonly Outage[]>;
  /** By address. */
  readonly backends: ReadonlyMap<string, readonly Outage[]>;
  readonly proxyAt: (source: string) => string | undefined;
  /** Since when, at `atMs`, a proxy has known that a backend takes no new connections; undefined: it does take them. */
  readonly drainingSinceMs: (proxy: string, backend: string, atMs: number) => number | undefined;
  readonly drainTimeoutMs: number;
}

/** The share of a drain timeout after which connections are closed one after the other. */
const CLOSING_FROM = 0.8;
/** The log line about a drain comes a little after its start, and a busy client notices its end a little late. */
const SLACK_MS = 250;

/** Why it may have failed; null: it may not. */
export function excuseFor(record: ConnectionRecord, around: Surroundings): string | null {
  if (record.corrupted) return null;
  const proxy = record.source === null ? undefined : around.proxyAt(record.source);
  // One that was never greeted can have been anywhere.
  const proxies = proxy === undefined ? [...around.proxies] : entryOf(around.proxies, proxy);
  const backends = record.backend === null ? [...around.backends] : entryOf(around.backends, record.backend);
  for (const [name, outages] of [...proxies, ...backends]) {
    if (outages.some((outage) => wasCaughtIn(record, outage))) return `${name} was killed`;
  }
  // A backend that is stopped takes connections and says nothing, not even who it is.
  const silent = backends.filter(([, outages]) => outages.some((outage) => wasAround(record, outage)));
  for (const [name] of proxies) {
    for (const [address] of record.backend === null ? silent : backends) {
      if (isDrainOver(record, around, name, address))
        return `the deadline of the drain of ${address} was over`;
    }
  }
  return null;
}

/** When it ended, or a moment before: a busy client notices late, and the backend may be taking connections again. */
function isDrainOver(
  { endedMs }: ConnectionRecord,
  { drainingSinceMs, drainTimeoutMs }: Surroundings,
  proxy: string,
  backend: string,
): boolean {
  return [endedMs, endedMs - SLACK_MS].some((atMs) => {
    const sinceMs = drainingSinceMs(proxy, backend, atMs);
    return sinceMs !== undefined && endedMs >= sinceMs + drainTimeoutMs * CLOSING_FROM - SLACK_MS;
  });
}

/** It was open when the process died. Who comes later is served by others. */
function wasCaughtIn({ openedMs, endedMs }: ConnectionRecord, { how, fromMs, goneMs }: Outage): boolean {
  return how === 'killed' && openedMs <= goneMs && endedMs >= fromMs;
}

function wasAround({ openedMs, endedMs }: ConnectionRecord, { fromMs, toMs }: Outage): boolean {
  return openedMs <= toMs && endedMs >= fromMs;
}

function entryOf(map: ReadonlyMap<string, readonly Outage[]>, name: string): [string, readonly Outage[]][] {
  return [[name, map.get(name) ?? []]];
}
