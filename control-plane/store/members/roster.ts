/**
 * The roster in the store: who is on it survives every replica.
 *
 * Invariants
 *  - the store is written to when a proxy comes for the first time or under another instance, when it goes, and every
 *    RENEW_EVERY_MS for all connected ones at once: never for a report;
 *  - every removal compares: one that came back meanwhile, at whichever replica, stays;
 *  - a lease that ended while no replica ran takes nobody off before its proxy had time to come back.
 */
import { type Clock, every, type Timer } from '../../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import type { Logger } from '../../../core/runtime/logger.ts';
import { ABSENCE_MS, type Fleet } from '../../fleet/fleet.ts';
import type { Followed, LogFollower } from '../log/log-follower.ts';
import { isRosterEntry, type Member, type MembershipStore, type RosterEntry } from './membership-store.ts';
import { SharedRun } from '../shared-run.ts';

/** Three times within a lease: two of them may fail. */
const RENEW_EVERY_MS = 3 * 60_000;
const TICK_MS = 5_000;
/** A proxy tries again within 2 s, its longest backoff. */
const COME_BACK_MS = 10_000;
/** By then the store has shown whatever was written to it. */
const REMEMBER_MS = 60_000;

export interface RosterDeps {
  readonly fleet: Fleet;
  readonly follower: LogFollower;
  readonly membership: MembershipStore;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Entry = Member<RosterEntry>;

export class Roster {
  readonly #deps: RosterDeps;
  readonly #run = new SharedRun(() => this.#reconcile());
  /** Came to this replica since their entry was last written, by id. */
  readonly #arrivals = new Set<string>();
  /** Instances that stopped in order, and when. */
  readonly #stopped = new Map<string, number>();
  /** Instances that were lost, and whose lease is still to be renewed for the last time. */
  readonly #lost = new Set<string>();
  /** When this replica first saw that a lease has ended, by token. */
  readonly #deadSinceMs = new Map<number, number>();
  #renewedMs: number;
  #ticks: Timer | undefined;
  #stopWatching: () => void = () => undefined;

  constructor(deps: RosterDeps) {
    this.#deps = deps;
    this.#renewedMs = deps.clock.nowMs();
  }

  start(): void {
    const { fleet, follower, clock } = this.#deps;
    fleet.onContact((kind, { id, instanceId }) => {
      if (kind === 'connected') {
        this.#arrivals.add(id);
        this.#lost.delete(instanceId);
      } else if (kind === 'stopped') this.#stopped.set(instanceId, clock.nowMs());
      else this.#lost.add(instanceId);
      this.#reconcileSoon();
    });
    this.#stopWatching = follower.onChange(({ members }) => {
      fleet.keep(members.filter(isRosterEntry).map(({ value }) => value));
      this.#reconcileSoon();
    });
    this.#ticks = every(clock, TICK_MS, () => this.#reconcileSoon());
  }

  /**
   * Forgets a proxy that is away. Throws NOT_FOUND, FAILED_PRECONDITION while it is connected, ABORTED when it comes back
   * meanwhile, or UNAVAILABLE.
   */
  async remove(id: string): Promise<void> {
    const { fleet, follower, membership, logger } = this.#deps;
    const known = fleet.list().find(({ info }) => info.id === id);
    if (known?.connected !== true) {
      const entry = entryOf(await follower.catchUp(), id);
      if (entry !== undefined) {
        const removed = await membership.remove(entry, false);
        const now = entryOf(await follower.catchUp(), id);
        if (removed) {
          logger.info({ proxy: id }, 'a proxy is off the roster: it was deleted');
          return;
        }
        if (now !== undefined) throw cameBack(id);
      }
    }
    fleet.remove(id);
  }

  async stop(): Promise<void> {
    this.#ticks?.cancel();
    this.#stopWatching();
    await this.#run.start().catch(() => undefined);
  }

  #reconcileSoon(): void {
    this.#run.start().catch((error: unknown) => {
      // The follower says that the store is away, and the next tick tries again.
      this.#deps.logger.debug({ reason: messageOf(error) }, 'the roster could not be written');
    });
  }

  async #reconcile(): Promise<void> {
    const { fleet, follower, membership } = this.#deps;
    const followed = follower.current();
    if (followed === null) return;
    const entries = new Map(followed.members.filter(isRosterEntry).map((entry) => [entry.value.id, entry]));
    const connected = fleet.list().filter((proxy) => proxy.connected);
    const here = new Set(connected.map(({ info }) => info.id));
    for (const { info } of connected) await this.#enter(info, entries.get(info.id));
    const due: Entry[] = this.#isRenewalDue()
      ? [...entries.values()].filter(({ value }) => here.has(value.id))
      : [];
    for (const entry of entries.values()) {
      if (here.has(entry.value.id)) continue;
      // The ten minutes of one that was lost begin now, not at its last renewal.
      if (entry.alive && this.#lost.delete(entry.value.instanceId)) due.push(entry);
      await this.#leave(entry);
    }
    if (due.length > 0) await membership.renew(due);
    this.#forgetSettled([...entries.values()]);
  }

  #isRenewalDue(): boolean {
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs - this.#renewedMs < RENEW_EVERY_MS) return false;
    this.#renewedMs = nowMs;
    return true;
  }

  /** A connected proxy is on the roster, under the instance that came last. */
  async #enter(
    info: { readonly id: string; readonly zone: string; readonly instanceId: string },
    entry: Entry | undefined,
  ): Promise<void> {
    const { membership, clock, logger } = this.#deps;
    const { id, zone, instanceId } = info;
    const isNew = this.#arrivals.has(id) && entry?.value.instanceId !== instanceId;
    if (entry !== undefined && entry.alive && !isNew) {
      this.#arrivals.delete(id);
      return;
    }
    const sinceMs = entry?.value.sinceMs ?? clock.wallMs();
    const value: RosterEntry = { kind: 'proxy', id, zone, instanceId, ttlMs: ABSENCE_MS, sinceMs };
    // Null: another replica wrote it first, and the next look at the store shows what.
    if ((await membership.put(value, entry ?? null)) === null) return;
    this.#arrivals.delete(id);
    if (entry === undefined) logger.info({ proxy: id }, 'a proxy is on the roster');
  }

  async #leave(entry: Entry): Promise<void> {
    const { membership, clock, logger } = this.#deps;
    const { id, instanceId } = entry.value;
    if (this.#stopped.has(instanceId)) {
      if (await membership.remove(entry, false)) {
        logger.info({ proxy: id }, 'a proxy is off the roster: it stopped');
      }
    } else if (!entry.alive) {
      const sinceMs = this.#deadSinceMs.get(entry.token) ?? clock.nowMs();
      this.#deadSinceMs.set(entry.token, sinceMs);
      if (clock.nowMs() - sinceMs < COME_BACK_MS || !(await membership.remove(entry, true))) return;
      logger.warn({ proxy: id }, 'a proxy is off the roster: it was away for ten minutes');
    }
  }

  /** Drops what was remembered of entries that are gone. */
  #forgetSettled(entries: readonly Entry[]): void {
    const instances = new Set(entries.map(({ value }) => value.instanceId));
    for (const instance of this.#lost) if (!instances.has(instance)) this.#lost.delete(instance);
    const nowMs = this.#deps.clock.nowMs();
    for (const [instance, atMs] of this.#stopped) {
      if (nowMs - atMs > REMEMBER_MS) this.#stopped.delete(instance);
    }
    const tokens = new Set(entries.map(({ token }) => token));
    for (const token of this.#deadSinceMs.keys()) if (!tokens.has(token)) this.#deadSinceMs.delete(token);
  }
}

function entryOf({ members }: Followed, id: string): Entry | undefined {
  return members.filter(isRosterEntry).find(({ value }) => value.id === id);
}

function cameBack(id: string): LbError {
  const message = `The proxy "${id}" came back while it was being deleted, and stays on the roster: stop it first.`;
  return new LbError('ABORTED', message);
}
