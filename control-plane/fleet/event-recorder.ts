/**
 * Records what happens: what proxies report, who comes and goes, commits and registrations. A page and `lbctl events` read it.
 *
 * Every replica records the same by itself, since every proxy reports to all of them. What it is told when it starts, or when a
 * proxy reports for the first time, is how things stand and no event; the commits before its start are in the log anyway.
 */
import { isDeepStrictEqual } from 'node:util';
import { policyOf, type State } from '../../core/model/state.ts';
import type { Clock } from '../../core/runtime/clock.ts';
import { few, isoTime } from '../../core/view/figures.ts';
import { noneHealthyText } from '../../core/view/policy-words.ts';
import { tierText } from '../../core/view/serving.ts';
import type { AppliedSnapshot__Output } from '../../core/wire/generated/lb/v1/AppliedSnapshot.ts';
import { violationText } from '../../core/model/violation.ts';
import type { LogFollower } from '../store/log/log-follower.ts';
import type { RevisionRecord } from '../store/log/revision-recorder.ts';
import type { ContactKind } from '../store/members/proxies.ts';
import { isRegistration, type Member, type Registration } from '../store/member-store.ts';
import { EventLog, type EventKind, type NewEvent } from './event-log.ts';
import type { Fleet } from './fleet.ts';
import type { HealthTransition, PoolTransition, ProxyRecord } from './proxy-record.ts';

const CONTACT: Record<ContactKind, readonly [EventKind, string]> = {
  connected: ['KIND_PROXY_CONNECTED', 'connected'],
  lost: ['KIND_PROXY_LOST', 'was lost: its report stream ended without a goodbye'],
  stopped: ['KIND_PROXY_STOPPED', 'stopped cleanly'],
};

const HEALTH: Record<string, readonly [EventKind, string]> = {
  HEALTH_HEALTHY: ['KIND_BACKEND_HEALTHY', 'is healthy'],
  HEALTH_UNHEALTHY: ['KIND_BACKEND_UNHEALTHY', 'is unhealthy'],
  HEALTH_EJECTED: ['KIND_BACKEND_EJECTED', 'is ejected'],
  HEALTH_UNKNOWN: ['KIND_BACKEND_UNKNOWN', 'is not checked, or not yet'],
};

interface RecorderDeps {
  readonly fleet: Fleet;
  readonly follower: LogFollower;
  readonly clock: Clock;
}

/** Fills an event log from now on. */
export function recordEvents({ fleet, follower, clock }: RecorderDeps): EventLog {
  const log = new EventLog(clock.wallMs());
  const add = (event: NewEvent) => log.add(event, clock.wallMs());
  fleet.on('contact', (contact, { id }) => {
    const [kind, words] = CONTACT[contact];
    add({ kind, proxyId: id, text: `proxy ${id} ${words}` });
  });
  fleet.on('duplicate', ({ info, peer }, other) => {
    const text = `two processes report as proxy ${info.id}: one from ${peer}, and one from ${other.peer}; give each its own --proxy-id`;
    add({ kind: 'KIND_PROXY_DUPLICATE', proxyId: info.id, text });
  });
  fleet.on('health', ({ info }, transitions) => {
    const state = follower.current()?.state;
    for (const one of transitions) {
      for (const event of 'address' in one ? [backendEvent(one)] : poolEvents(one, state)) {
        log.addTransition({ ...event, pool: one.pool, proxyId: info.id }, clock.wallMs());
      }
    }
  });
  fleet.on('applied', (proxy, before) => {
    recordApplied(add, proxy, before);
    recordCertificates(add, proxy, before);
  });
  recordStore(log, follower, clock);
  return log;
}

function backendEvent({ pool, address, health, reason }: HealthTransition): NewEvent {
  const [kind, words] = HEALTH[health] ?? HEALTH['HEALTH_UNKNOWN']!;
  const why = reason === '' ? '' : `: ${reason}`;
  return { kind, backend: address, text: `backend ${address} of pool ${pool} ${words}${why}` };
}

function poolEvents({ pool, before, now }: PoolTransition, state: State | undefined): NewEvent[] {
  if (now.noneHealthy) {
    const text = noneHealthyText(policyOf(state, pool), `pool ${pool}`);
    return before.noneHealthy ? [] : [{ kind: 'KIND_POOL_NONE_HEALTHY', text }];
  }
  const events: NewEvent[] = [];
  const stored = state?.pools.get(pool);
  // A pool that was deleted, or whose backends all drain, has not recovered. Those that registered themselves are not in it.
  const isOut = !stored || [...stored.backends.values()].every(({ value }) => value.state !== 'active');
  if (before.noneHealthy && (!isOut || stored?.backends.size === 0)) {
    events.push({ kind: 'KIND_POOL_RECOVERED', text: `a backend of pool ${pool} passes its check again` });
  }
  if (now.servingTier !== before.servingTier) {
    events.push({ kind: 'KIND_POOL_TIER', text: `pool ${pool}: ${tierText(now.servingTier)}` });
  }
  return events;
}

function recordApplied(
  add: (event: NewEvent) => void,
  { info: { id: proxyId }, applied }: ProxyRecord,
  before: AppliedSnapshot__Output,
): void {
  const rejected = applied?.rejected;
  if (rejected?.position && rejected.position.revision !== before.rejected?.position?.revision) {
    const { revision } = rejected.position;
    const why = few(rejected.violations.map(violationText));
    const text = `proxy ${proxyId} refused revision ${revision} and keeps what it had: ${why}`;
    add({ kind: 'KIND_PROXY_REFUSED', proxyId, revision, text });
  }
  const failed = applied?.failedListeners ?? [];
  const isIn = (all: typeof failed, listener: string) => all.some((other) => other.listener === listener);
  for (const { listener, address, reason } of failed) {
    if (isIn(before.failedListeners, listener)) continue;
    const text = `proxy ${proxyId} can't serve listener ${listener} on ${address}: ${reason}`;
    add({ kind: 'KIND_LISTENER_FAILED', proxyId, listener, text });
  }
  for (const { listener, address } of before.failedListeners) {
    if (isIn(failed, listener)) continue;
    const text = `proxy ${proxyId} has no failure of listener ${listener} on ${address} any more`;
    add({ kind: 'KIND_LISTENER_RECOVERED', proxyId, listener, text });
  }
}

/** Where there is none at all, the listener has failed, which is an event of its own. */
function recordCertificates(
  add: (event: NewEvent) => void,
  { info: { id: proxyId }, applied }: ProxyRecord,
  before: AppliedSnapshot__Output,
): void {
  const known = new Map(before.certificates.map((certificate) => [certificate.name, certificate]));
  for (const { name, expiresAt, problem } of applied?.certificates ?? []) {
    const was = known.get(name);
    if (expiresAt === null || !was) continue;
    if (problem !== '' && problem !== was.problem) {
      const text = `proxy ${proxyId} can't use the new file of certificate ${name} and keeps the one before: ${problem}`;
      add({ kind: 'KIND_CERTIFICATE_FAILED', proxyId, text });
    } else if (!isDeepStrictEqual(expiresAt, was.expiresAt)) {
      const text = `proxy ${proxyId} uses a new certificate ${name}, which is valid until ${isoTime(expiresAt)}`;
      add({ kind: 'KIND_CERTIFICATE_READ', proxyId, text });
    }
  }
}

/** Commits, those from before the start included, and registrations that came and left. */
function recordStore(log: EventLog, follower: LogFollower, clock: Clock): void {
  let revision = 0;
  let known: ReadonlyMap<string, Member<Registration>> | null = null;
  follower.onChange(({ position, members }) => {
    const newest = Math.max(1, position.revision - revision);
    const commits = position.revision > revision ? follower.revisions(newest) : [];
    for (const commit of commits.reverse()) if (commit.revision > revision) recordCommit(log, commit);
    revision = position.revision;
    const now = new Map(members.filter(isRegistration).map((member) => [member.name, member]));
    if (known !== null) {
      recordRegistrations(log, now, known, 'KIND_REGISTRATION_CAME', 'registered itself', clock.wallMs());
      recordRegistrations(log, known, now, 'KIND_REGISTRATION_LEFT', 'has left', clock.wallMs());
    }
    known = now;
  });
}

function recordCommit(log: EventLog, { revision, author, message, changes, timeMs }: RevisionRecord): void {
  const what = few(changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`));
  const by = author === '' ? '' : ` by ${author}`;
  const text = `revision ${revision}${by}: ${what || 'nothing that is still known'}`;
  log.add({ kind: 'KIND_COMMIT', revision: String(revision), author, message, text }, timeMs);
}

/** The members of `these` that are not in `others`. */
function recordRegistrations(
  log: EventLog,
  these: ReadonlyMap<string, Member<Registration>>,
  others: ReadonlyMap<string, Member<Registration>>,
  kind: EventKind,
  words: string,
  nowMs: number,
): void {
  for (const [name, { value }] of these) {
    if (others.has(name)) continue;
    const { pool, address } = value;
    log.add({ kind, pool, backend: address, text: `backend ${address} of pool ${pool} ${words}` }, nowMs);
  }
}
