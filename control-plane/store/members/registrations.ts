/**
 * The registrations that this replica holds: it puts them, renews their leases, and drains them at their end.
 *
 * Invariants
 *  - what this replica does to a member is done only as long as the member is the one that it wrote or has seen;
 *  - a lease is renewed three times within its length, those that are due at once together;
 *  - a hold ends once: drained, or in words; one that is dropped leaves by the end of its lease.
 */
import { type Clock, every, type Timer } from '../../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import type { Logger } from '../../../core/runtime/logger.ts';
import type { Fleet } from '../../fleet/fleet.ts';
import { mergeMembers, type Place } from '../../snapshot/merge.ts';
import type { Followed, LogFollower } from '../log/log-follower.ts';
import {
  isRegistration,
  type Member,
  type MembershipStore,
  memberName,
  type Registration,
} from './membership-store.ts';
import { openConnections } from './drained.ts';
import {
  type HoldListener,
  RegistrationHold,
  whyOver,
  whyReplaced,
  whySilent,
  whyStale,
} from './registration-hold.ts';
import { throwIfInvalid } from '../../rpc/request-violations.ts';
import { registrationViolations } from './registration-request.ts';
import { STORE_FRESH_MS } from '../log/log-follower.ts';

const TICK_MS = 250;
/** A put that crosses another one is tried on what is there then. */
const PUT_TRIES = 5;

export interface RegistrationsDeps {
  readonly follower: LogFollower;
  readonly membership: MembershipStore;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Registrations {
  readonly #deps: RegistrationsDeps;
  readonly #holds = new Set<RegistrationHold>();
  #ticks: Timer | undefined;
  #renewing = false;
  #stops: (() => void)[] = [];

  constructor(deps: RegistrationsDeps) {
    this.#deps = deps;
  }

  start(): void {
    const { follower, fleet, clock } = this.#deps;
    this.#ticks = every(clock, TICK_MS, () => void this.#renewDue());
    this.#stops = [
      follower.onChange((followed) => this.#look(followed)),
      fleet.onChange(() => this.#lookAtDraining()),
    ];
  }

  stop(): void {
    this.#ticks?.cancel();
    for (const stop of this.#stops) stop();
    this.#holds.clear();
  }

  /** Every registration and its place, as of now. */
  async places(): Promise<readonly Place[]> {
    const { state, members } = await this.#deps.follower.readBarrier();
    return mergeMembers(state, members).places;
  }

  /** Registers, and holds it from then on. Throws INVALID_ARGUMENT with every violation, or UNAVAILABLE. */
  async take(value: Registration, listener: HoldListener): Promise<RegistrationHold> {
    const { follower, clock, logger } = this.#deps;
    const member = await this.#enter(value);
    logger.info({ pool: value.pool, backend: value.address, ttl_ms: value.ttlMs }, 'a backend registered');
    const hold = new RegistrationHold(member, listener, clock.nowMs());
    this.#holds.add(hold);
    this.#look(await follower.readBarrier());
    return hold;
  }

  /** A sign of life. It is answered only while leases can be renewed here: its caller should move on otherwise. */
  heard(hold: RegistrationHold): void {
    const { follower, clock } = this.#deps;
    if (!this.#holds.has(hold)) return;
    if (follower.storeAgeMs() > STORE_FRESH_MS) return this.#end(hold, whyStale());
    hold.heard(clock.nowMs());
    this.#lookAt(hold);
  }

  /** It said that it goes: it drains, and leaves. At once, or when what is being written of it is written. */
  async drain(hold: RegistrationHold): Promise<void> {
    const { follower, clock, logger } = this.#deps;
    hold.leaving = true;
    if (hold.busy || !this.#holds.has(hold)) return;
    const { pool, address } = hold.member.value;
    logger.info({ pool, backend: address }, 'a registered backend leaves: it drains first');
    hold.busy = true;
    try {
      const draining = await this.#putDraining(hold);
      if (draining === null) {
        // Its lease had ended, so it has left already, or it is somebody else's now.
        if (this.#holds.delete(hold)) hold.end(null);
        return;
      }
      hold.drain(draining, clock.nowMs(), this.#drainTimeoutMs(pool));
      hold.busy = false;
      await follower.catchUp();
      this.#lookAt(hold);
    } catch (error) {
      if (!(error instanceof LbError)) throw error;
      this.#end(hold, error);
    } finally {
      hold.busy = false;
    }
  }

  /** Its stream is gone: nobody renews it any more. One that drains goes on draining. */
  drop(hold: RegistrationHold): void {
    if (hold.leaving || !this.#holds.delete(hold)) return;
    const { pool, address, ttlMs } = hold.member.value;
    const words = 'a registered backend was lost: it leaves unless it comes back within its ttl';
    this.#deps.logger.warn({ pool, backend: address, ttl_ms: ttlMs }, words);
  }

  /** The newest instance of an address wins: the address can be only one's. */
  async #enter(value: Registration): Promise<Member<Registration>> {
    const { follower, membership } = this.#deps;
    for (let tries = 0; tries < PUT_TRIES; tries++) {
      const { state, members } = await follower.catchUp();
      const violations = registrationViolations(value, state, members);
      throwIfInvalid(violations);
      const seen = find(members, memberName(value));
      const isSame = seen?.value.instanceId === value.instanceId;
      const { sinceMs } = isSame ? seen.value : value;
      const put = await membership.put({ ...value, sinceMs }, seen);
      if (put !== null) return put;
    }
    throw new LbError('UNAVAILABLE', `others register ${value.address} again and again; try again`);
  }

  /** On what is there of its instance, such as one that is held as expiring. Null: it is gone, or has moved. */
  async #putDraining({ member }: RegistrationHold): Promise<Member<Registration> | null> {
    const { follower, membership } = this.#deps;
    const value = { ...member.value, state: 'draining' } as const;
    let seen: Member<Registration> | null = member;
    for (let tries = 0; tries < PUT_TRIES; tries++) {
      const put: Member<Registration> | null = await membership.put(value, seen);
      if (put !== null) return put;
      seen = find((await follower.catchUp()).members, member.name);
      if (seen === null) return null;
      if (seen.value.instanceId !== value.instanceId) throw whyReplaced(seen);
      // It came to another replica since, and lives there: a farewell that was late is none.
      if (seen.value.state === 'active') return null;
    }
    throw new LbError('UNAVAILABLE', `others write ${value.address} again and again; try again`);
  }

  async #renewDue(): Promise<void> {
    const { membership, clock, logger } = this.#deps;
    const nowMs = clock.nowMs();
    for (const hold of this.#holds) if (hold.isSilent(nowMs)) this.#end(hold, whySilent(hold.member));
    for (const hold of this.#holds) {
      if (hold.isOverdue(nowMs)) void this.#leave(hold, 'its drain timeout has passed');
    }
    // Connections that end are no change of the fleet.
    this.#lookAtDraining();
    const due = [...this.#holds].filter((hold) => hold.isDue(nowMs));
    if (due.length === 0 || this.#renewing) return;
    this.#renewing = true;
    for (const hold of due) hold.renewed(nowMs);
    try {
      const lost = new Set(await membership.renew(due.map(({ member }) => member)));
      for (const hold of due) if (lost.has(hold.member.name)) await this.#recover(hold);
    } catch (error) {
      logger.debug({ reason: messageOf(error) }, 'registrations could not be renewed');
    } finally {
      this.#renewing = false;
    }
  }

  /** Its lease had ended, and it may be gone or expiring: it is put again. */
  async #recover(hold: RegistrationHold): Promise<void> {
    const { follower, membership, logger } = this.#deps;
    if (hold.busy) return;
    hold.busy = true;
    try {
      const { members } = await follower.catchUp();
      const found = find(members, hold.member.name);
      const reason = whyOver(hold.member, found ?? undefined);
      if (reason !== undefined) return this.#end(hold, reason);
      const put = this.#holds.has(hold) ? await membership.put(hold.member.value, found) : null;
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

  #look(followed: Followed | null, holds: readonly RegistrationHold[] = [...this.#holds]): void {
    if (followed === null || holds.length === 0) return;
    const places = new Map(
      mergeMembers(followed.state, followed.members).places.map((place) => [place.member.name, place]),
    );
    for (const hold of holds) this.#judge(hold, followed, places.get(hold.member.name));
  }

  #lookAt(hold: RegistrationHold): void {
    if (this.#holds.has(hold)) this.#look(this.#deps.follower.current(), [hold]);
  }

  #lookAtDraining(): void {
    const draining = [...this.#holds].filter((hold) => hold.isDraining);
    this.#look(this.#deps.follower.current(), draining);
  }

  #judge(hold: RegistrationHold, { position }: Followed, place: Place | undefined): void {
    // What was read before it was written says nothing about it.
    if (hold.busy || position.version < hold.member.token) return;
    const reason = whyOver(hold.member, place?.member);
    if (reason !== undefined) return this.#end(hold, reason);
    if (place?.member.token !== hold.member.token) {
      if (!hold.isDraining) void this.#recover(hold);
      else if (this.#holds.delete(hold)) hold.end(null);
      return;
    }
    if (!hold.isDraining) return hold.tell(place, 0);
    const { fleet, clock } = this.#deps;
    const open = openConnections(fleet, place, position.storeId, hold.waitsForProxies(clock.nowMs()));
    hold.tell(place, open ?? 0);
    if (open === 0) void this.#leave(hold, 'no proxy has a connection to it');
  }

  async #leave(hold: RegistrationHold, why: string): Promise<void> {
    if (!this.#holds.delete(hold)) return;
    const { membership, logger } = this.#deps;
    const { pool, address } = hold.member.value;
    // What can't be removed now is removed when its lease has ended.
    const removed = await membership.remove(hold.member, false).catch(() => false);
    logger.info({ pool, backend: address, why, removed }, 'a registered backend has left');
    hold.end(null);
  }

  #end(hold: RegistrationHold, reason: LbError): void {
    if (!this.#holds.delete(hold)) return;
    const { pool, address } = hold.member.value;
    this.#deps.logger.warn({ pool, backend: address, reason: reason.message }, 'a registration is over');
    hold.end(reason);
  }

  /** By the policy of its pool; infinite where that has none. */
  #drainTimeoutMs(pool: string): number {
    const state = this.#deps.follower.current()?.state;
    const policy = state?.policies.get(state.pools.get(pool)?.value.policy ?? '')?.value;
    const timeoutMs = policy?.drainTimeoutMs ?? 0;
    return timeoutMs === 0 ? Number.POSITIVE_INFINITY : timeoutMs;
  }
}

function find(members: readonly Member[], name: string): Member<Registration> | null {
  return members.filter(isRegistration).find((member) => member.name === name) ?? null;
}
