/** What the proxies ran and what their clients met, against the log. Answers one text a violation. */
import { buildSnapshot } from '../../../control-plane/snapshot/build-snapshot.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import { type ProxyLog, runningAt } from './proxy-log.ts';
import type { ConnectionRecord } from '../clients.ts';
import { excuseFor, type Surroundings } from './connection-rule.ts';
import { withGuests } from '../registrants.ts';
import type { StoreLog } from './store-log.ts';

const SHOWN = 12;

/** Every revision that a proxy ran was one of the log, whole, with any of the guests, and never older than the one before. */
export function verifyApplied(
  proxies: readonly ProxyLog[],
  seen: Iterable<string>,
  log: StoreLog,
  guests: number,
): string[] {
  const snapshots = log.states.map((state) =>
    withGuests(state, guests).map((each) => buildSnapshot(each, { ...each.head, version: 0 })),
  );
  const violations = proxies.flatMap((proxy) => verifyProxy(proxy, snapshots));
  for (const each of seen) {
    const [name, revision, hash] = each.split(' ');
    if (!snapshots[Number(revision)]?.some((snapshot) => snapshot.hash === hash))
      violations.push(`${name} ran another content as revision ${revision}`);
  }
  return violations;
}

function verifyProxy(
  { name, applied, restartsMs, complaints }: ProxyLog,
  snapshots: readonly (readonly Snapshot[])[],
): string[] {
  const violations = complaints.map((line) => `${name} says: ${line}`);
  if (applied.length === 0) violations.push(`${name} ran nothing`);
  for (const restartMs of restartsMs) {
    const first = applied.find(({ atMs }) => atMs > restartMs);
    if (first?.fromDisk === false) violations.push(`${name} forgot what it ran when it was killed`);
  }
  for (const [index, { revision, resources }] of applied.entries()) {
    const before = applied[index - 1]?.revision ?? 0;
    if (revision < before) violations.push(`${name} went back from revision ${before} to ${revision}`);
    const sizes = [...new Set(snapshots[revision]?.map(({ entries }) => entries.size))];
    if (sizes.includes(resources)) continue;
    const has = sizes.length === 0 ? 'never been' : sizes.join(' or ');
    violations.push(`${name} ran ${resources} resources as revision ${revision}, which has ${has}`);
  }
  return violations;
}

export interface Judged {
  readonly violations: readonly string[];
  /** How many failed for a reason that lets them. */
  readonly excused: number;
}

export function verifyConnections(
  records: readonly ConnectionRecord[],
  around: Surroundings,
  zeroMs: number,
): Judged {
  const failed = records.filter(({ failure, corrupted }) => failure !== null || corrupted);
  const wrong = failed.filter((record) => excuseFor(record, around) === null);
  const violations = wrong.slice(0, SHOWN).map((record) => describe(record, around, zeroMs));
  if (wrong.length > SHOWN) violations.push(`and ${wrong.length - SHOWN} more connections failed`);
  return { violations, excused: failed.length - wrong.length };
}

function describe(record: ConnectionRecord, { proxyAt }: Surroundings, zeroMs: number): string {
  const { kind, openedMs, endedMs, localPort, backend, source, bytes, failure, corrupted } = record;
  const from = ((openedMs - zeroMs) / 1_000).toFixed(3);
  const to = ((endedMs - zeroMs) / 1_000).toFixed(3);
  const proxy = source === null ? 'a proxy that is not known' : (proxyAt(source) ?? source);
  const what = corrupted ? 'got a wrong byte' : 'failed without a reason';
  return `${from}..${to} a ${kind} connection (port ${localPort}) through ${proxy} to ${backend ?? 'no backend yet'} ${what} after ${bytes} bytes: ${failure}`;
}

/** Since when a proxy has known that a backend of a pool is to take no new connections. */
export function drainingSinceIn(
  proxies: readonly ProxyLog[],
  log: StoreLog,
  pool: string,
): Surroundings['drainingSinceMs'] {
  const isActive = (revision: number, backend: string) =>
    log.states[revision]?.pools.get(pool)?.backends.get(backend)?.value.state === 'active';
  return (name, backend, atMs) => {
    const proxy = proxies.find((each) => each.name === name);
    const now = proxy && runningAt(proxy, atMs);
    if (!proxy || !now || isActive(now.revision, backend)) return undefined;
    const past = proxy.applied.filter((each) => each.atMs <= atMs);
    const lastActive = past.findLastIndex(({ revision }) => isActive(revision, backend));
    return past[lastActive + 1]?.atMs;
  };
}
