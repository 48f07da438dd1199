/**
 * The registrations that this replica holds: it writes them, renews their leases, and drains them when they leave.
 *
 * Invariants
 *  - this replica changes a member only if it is still the one that this replica wrote or has read;
 *  - a lease is renewed three times within its length; all that are due at the same moment are renewed together;
 *  - a hold ends once, drained or with an error; a registration that is dropped leaves when its lease ends.
 */
import { policyOf } from '../../../core/model/state.ts';
import { isDeepStrictEqual } from 'node:util';
import { every, type Timer } from '../../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import { throwIfInvalid } from '../../../core/runtime/request-violations.ts';
import { type Followed, STORE_FRESH_MS } from '../log/log-follower.ts';
import { isRegistration, type Member, memberName, type Registration } from '../member-store.ts';
import type { MembersDeps } from './members.ts';
import { mergeMembers, type MergedState, type RegistrationStatus } from './merge-members.ts';
import { openConnections } from './proxies.ts';
import { type HoldListener, RegistrationHold, whyOver, whyReplaced } from './registration-hold.ts';
import { registrationViolations } from './registration-request.ts';

const TICK_MS = 250;
/** After a stop of this process, signs of life wait in its sockets: they are read before anybody is taken for silent. */
const LATE_TICK_MS = 1_000;
/** A write that meets another one is repeated on what the store has then. */
const PUT_TRIES = 5;

export class Registrations {
  readonly #deps: MembersDeps;
  readonly #holds = new Set<RegistrationHold>();
  /** Those that are being written: what many callers ask for at the same time counts, too. */
  readonly #taking = new Set<Registration>();
  #ticks: Timer | undefined;
  #renewing = false;
  #tickedMs = Number.NEGATIVE_INFINITY;
  #stops: (() => void)[] = [];

  constructor(deps: MembersDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { follower, proxies, clock } = this.#deps;
    this.#ticks = every(clock, TICK_MS, () => void this.#tick());
    this.#stops = [
      follower.onChange((followed) => this.#judgeAll([...this.#holds], followed)),
      proxies.on('change', () => this.#judgeDraining()),
    ];
  }

  stop(): void {
    this.#ticks?.cancel();
    for (const stop of this.#stops) stop();
    this.#holds.clear();
  }

  /** Every registration in the store with its status, and what names lead to, as of now. */
  async read(): Promise<MergedState> {
    const { state, members } = await this.#deps.follower.readBarrier();
    return mergeMembers(state, members);
  }

  /** Registers a backend and holds it from then on. Throws INVALID_ARGUMENT with every violation, or UNAVAILABLE. */
  async take(value: Registration, listener: HoldListener): Promise<RegistrationHold> {
    const { follower, clock, logger } = this.#deps;
    this.#taking.add(value);
    try {
      const hold = new RegistrationHold(await this.#put(value), listener, clock.nowMs());
      this.#holds.add(hold);
      logger.info({ pool: value.pool, backend: value.address, ttl_ms: value.ttlMs }, 'a backend registered');
      this.#judgeAll([...this.#holds], await follower.readBarrier());
      return hold;
    } finally {
      this.#taking.delete(value);
    }
  }

  /** A sign of life. It is answered only while this replica can renew leases; otherwise the caller should move on. */
  heard(hold: RegistrationHold): void {
    const { follower, clock } = this.#deps;
    if (!this.#holds.has(hold)) return;
    hold.heard(clock.nowMs());
    if (follower.storeAgeMs() <= STORE_FRESH_MS) return this.#judgeAll([hold]);
    // After a stop of this process, what is old may be the last read and not the store's last answer.
    follower.catchUp().then(
      () => this.#judgeAll([hold]),
      () => {
        const message = 'this replica can’t reach its store, so it renews nothing; register at another one';
        this.#end(hold, new LbError('UNAVAILABLE', message));
      },
    );
  }

  /** The backend said that it leaves: it drains at once, or as soon as the write that is under way has ended. */
  async drain(hold: RegistrationHold): Promise<void> {
    const { follower, clock, logger } = this.#deps;
    hold.leaving = true;
    if (hold.busy || !this.#holds.has(hold)) return;
    const { pool, address } = hold.member.value;
    logger.info({ pool, backend: address }, 'a registered backend leaves: it drains first');
    hold.busy = true;
    try {
      const draining = await this.#putDraining(hold);
      // Its lease had ended and it has left already, or it lives at another replica.
      if (draining === null) return this.#end(hold, null);
      hold.drain(draining, clock.nowMs(), this.#drainTimeoutMs(pool));
      hold.busy = false;
      await follower.catchUp();
      this.#judgeAll([hold]);
    } catch (error) {
      if (!(error instanceof LbError)) throw error;
      this.#end(hold, error);
    } finally {
      hold.busy = false;
    }
  }

  /** Its stream is gone, so nobody renews it any more. A draining one goes on draining. */
  drop(hold: RegistrationHold): void {
    if (hold.leaving || !this.#holds.delete(hold)) return;
    const { pool, address, ttlMs } = hold.member.value;
    const words = 'a registered backend was lost: it leaves unless it comes back within its ttl';
    this.#deps.logger.warn({ pool, backend: address, ttl_ms: ttlMs }, words);
  }

  /** All others, whatever this replica has read so far; of those that are being written, those that asked earlier. */
  #others(value: Registration, members: readonly Member[]): readonly Registration[] {
    const taking = [...this.#taking];
    const all = [
      ...members.filter(isRegistration).map((member) => member.value),
      ...Array.from(this.#holds, ({ member }) => member.value),
      ...taking.slice(0, taking.indexOf(value)),
    ];
    const others = new Map(all.map((each) => [memberName(each), each]));
    others.delete(memberName(value));
    return [...others.values()];
  }

  /** An address belongs to one process, so the newest instance wins. */
  async #put(value: Registration): Promise<Member<Registration>> {
    const { follower, memberStore } = this.#deps;
    for (let tries = 0; tries < PUT_TRIES; tries++) {
      const { state, members } = await follower.catchUp();
      throwIfInvalid(registrationViolations(value, state, this.#others(value, members)));
      const found = find(members, memberName(value));
      const isSame = found?.value.instanceId === value.instanceId;
      const { sinceMs } = isSame ? found.value : value;
      const wanted = { ...value, sinceMs };
      const put = await memberStore
        .put(wanted, found)
        .catch((error: unknown) => this.#keep(wanted, found, error));
      if (put !== null) return put;
    }
    throw contended(value);
  }

  /** A store that is full still renews the lease of what it has: it is held as it is, if it is what is wanted. */
  async #keep(
    wanted: Registration,
    found: Member<Registration> | null,
    error: unknown,
  ): Promise<Member<Registration>> {
    const isFull = error instanceof LbError && error.code === 'RESOURCE_EXHAUSTED';
    if (!isFull || !found?.alive || !isDeepStrictEqual(found.value, wanted)) throw error;
    if ((await this.#deps.memberStore.renew([found])).length > 0) throw error;
    return found;
  }

  /** Null: the registration of this instance is gone, or has moved to another replica. */
  async #putDraining({ member }: RegistrationHold): Promise<Member<Registration> | null> {
    const { follower, memberStore } = this.#deps;
    const value = { ...member.value, state: 'draining' } as const;
    let found: Member<Registration> | null = member;
    for (let tries = 0; tries < PUT_TRIES; tries++) {
      const put: Member<Registration> | null = await memberStore.put(value, found);
      if (put !== null) return put;
      found = find((await follower.catchUp()).members, member.name);
      if (found === null) return null;
      if (found.value.instanceId !== value.instanceId) throw whyReplaced(found);
      // It has registered at another replica since, so this end of its stream here comes too late to count.
      if (found.value.state === 'active') return null;
    }
    throw contended(value);
  }

  async #tick(): Promise<void> {
    const { memberStore, clock, logger } = this.#deps;
    const nowMs = clock.nowMs();
    const isLate = nowMs - this.#tickedMs > LATE_TICK_MS;
    this.#tickedMs = nowMs;
    for (const hold of this.#holds) {
      if (!isLate && hold.isSilent(nowMs)) this.#end(hold, whySilent(hold.member));
      else if (hold.isOverdue(nowMs)) void this.#remove(hold, 'its drain timeout has passed');
    }
    // The proxies do not report a change for connections that end.
    this.#judgeDraining();
    const due = [...this.#holds].filter((hold) => hold.isDue(nowMs));
    if (due.length === 0 || this.#renewing) return;
    this.#renewing = true;
    for (const hold of due) hold.renewed(nowMs);
    try {
      const lost = new Set(await memberStore.renew(due.map(({ member }) => member)));
      for (const hold of due) if (lost.has(hold.member.name)) await this.#putAgain(hold);
    } catch (error) {
      logger.debug({ reason: messageOf(error) }, 'registrations could not be renewed');
    } finally {
      this.#renewing = false;
    }
  }

  /** Its lease had ended, so it may be gone or expiring. */
  async #putAgain(hold: RegistrationHold): Promise<void> {
    const { follower, memberStore, logger } = this.#deps;
    if (hold.busy) return;
    hold.busy = true;
    try {
      const found = find((await follower.catchUp()).members, hold.member.name);
      const reason = whyOver(hold.member, found ?? undefined);
      if (reason !== undefined) return this.#end(hold, reason);
      const put = this.#holds.has(hold) ? await memberStore.put(hold.member.value, found) : null;
      if (put === null) return;
      hold.member = put;
      const { pool, address } = put.value;
      logger.info({ pool, backend: address }, 'a backend is registered again: its lease had ended');
    } catch (error) {
      logger.debug({ reason: messageOf(error) }, 'a backend could not be registered again');
    } finally {
      hold.busy = false;
      if (hold.leaving && !hold.isDraining) await this.drain(hold);
    }
  }

  #judgeDraining(): void {
    this.#judgeAll([...this.#holds].filter((hold) => hold.isDraining));
  }

  #judgeAll(holds: readonly RegistrationHold[], followed = this.#deps.follower.current()): void {
    if (followed === null || holds.length === 0) return;
    const { registrations } = mergeMembers(followed.state, followed.members);
    const statuses = new Map(registrations.map((status) => [status.member.name, status]));
    for (const hold of holds) {
      if (this.#holds.has(hold)) this.#judge(hold, followed, statuses.get(hold.member.name));
    }
  }

  #judge(hold: RegistrationHold, { position }: Followed, status: RegistrationStatus | undefined): void {
    // What was read before the write says nothing about it.
    if (hold.busy || position.version < hold.member.token) return;
    const reason = whyOver(hold.member, status?.member);
    if (reason !== undefined) return this.#end(hold, reason);
    if (status?.member.token !== hold.member.token) {
      if (hold.isDraining) this.#end(hold, null);
      else void this.#putAgain(hold);
      return;
    }
    if (!hold.isDraining) return hold.report(status, 0);
    const { proxies, clock } = this.#deps;
    const open = openConnections(proxies, status, position.storeId, hold.waitsForProxies(clock.nowMs()));
    hold.report(status, open ?? 0);
    if (open === 0) void this.#remove(hold, 'no proxy has a connection to it');
  }

  async #remove(hold: RegistrationHold, why: string): Promise<void> {
    if (!this.#holds.delete(hold)) return;
    const { memberStore, logger } = this.#deps;
    const { pool, address } = hold.member.value;
    // If it can't be removed now, it is removed once its lease has ended.
    const removed = await memberStore.remove(hold.member, false).catch(() => false);
    logger.info({ pool, backend: address, why, removed }, 'a registered backend has left');
    hold.end(null);
  }

  #end(hold: RegistrationHold, reason: LbError | null): void {
    if (!this.#holds.delete(hold)) return;
    const { pool, address } = hold.member.value;
    if (reason !== null)
      this.#deps.logger.warn({ pool, backend: address, reason: reason.message }, 'a registration has ended');
    hold.end(reason);
  }

  /** As the policy of its pool says; infinite where the policy sets none. */
  #drainTimeoutMs(pool: string): number {
    return policyOf(this.#deps.follower.current()?.state, pool)?.drainTimeoutMs || Number.POSITIVE_INFINITY;
  }
}

function find(members: readonly Member[], name: string): Member<Registration> | null {
  return members.filter(isRegistration).find((member) => member.name === name) ?? null;
}

function contended({ address }: Registration): LbError {
  return new LbError('UNAVAILABLE', `other writers keep changing the registration of ${address}; try again`);
}

function whySilent({ value }: Member<Registration>): LbError {
  const message = `no sign of life from ${value.address} for ${value.ttlMs / 1_000} s, its ttl; register again`;
  return new LbError('UNAVAILABLE', message);
}
