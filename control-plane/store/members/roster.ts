/**
 * Keeps the roster of proxies in the store, so that it survives every replica.
 *
 * Invariants
 *  - the store is written to when a proxy connects for the first time or as another instance, when it leaves, and every
 *    RENEW_EVERY_MS for all connected proxies at once: never for a report;
 *  - every removal compares tokens, so a proxy that came back meanwhile, at whichever replica, stays;
 *  - when a lease ended while no replica ran, its proxy gets time to come back before it is removed.
 */
import { every, type Timer } from '../../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import type { Followed } from '../log/log-follower.ts';
import { isRosterEntry, type Member, type RosterEntry } from '../member-store.ts';
import { SharedRun } from '../shared-run.ts';
import type { MembersDeps } from './members.ts';
import { ABSENCE_MS, type ProxyIdentity } from './proxies.ts';

/** Three times within a lease: two of them may fail. */
const RENEW_EVERY_MS = 3 * 60_000;
const TICK_MS = 5_000;
/** A proxy reconnects within 2 s, its longest backoff. */
const COME_BACK_MS = 10_000;
/** By then this replica has read from the store whatever was written to it. */
const REMEMBER_MS = 60_000;

type Entry = Member<RosterEntry>;

export class Roster {
  readonly #deps: MembersDeps;
  readonly #run = new SharedRun(() => this.#reconcile());
  /** Ids of proxies that connected to this replica and whose entry was not written since. */
  readonly #arrivals = new Set<string>();
  /** Instances that stopped cleanly, and when. */
  readonly #stopped = new Map<string, number>();
  /** Instances that were lost, and whose lease is to be renewed one last time. */
  readonly #lost = new Set<string>();
  /** When this replica first saw that a lease had ended, by token. */
  readonly #deadSinceMs = new Map<number, number>();
  #renewedMs: number;
  #ticks: Timer | undefined;
  #stopFollowing: () => void = () => undefined;

  constructor(deps: MembersDeps) {
    this.#deps = deps;
    this.#renewedMs = deps.clock.nowMs();
  }

  start(): void {
    const { proxies, follower, clock } = this.#deps;
    proxies.on('contact', (kind, { id, instanceId }) => {
      if (kind === 'connected') {
        this.#arrivals.add(id);
        this.#lost.delete(instanceId);
      } else if (kind === 'stopped') this.#stopped.set(instanceId, clock.nowMs());
      else this.#lost.add(instanceId);
      this.#reconcileSoon();
    });
    this.#stopFollowing = follower.onChange(({ members }) => {
      proxies.keep(members.filter(isRosterEntry).map(({ value }) => value));
      this.#reconcileSoon();
    });
    this.#ticks = every(clock, TICK_MS, () => this.#reconcileSoon());
  }

  /**
   * Forgets a disconnected proxy. Throws NOT_FOUND, FAILED_PRECONDITION while it is connected, ABORTED when it comes back
   * meanwhile, or UNAVAILABLE.
   */
  async remove(id: string): Promise<void> {
    const { proxies, follower, memberStore, logger } = this.#deps;
    const isConnected = proxies.list().some(({ info, connected }) => info.id === id && connected);
    const entry = isConnected ? undefined : entryOf(await follower.catchUp(), id);
    if (entry !== undefined) {
      const removed = await memberStore.remove(entry, false);
      const now = entryOf(await follower.catchUp(), id);
      if (removed) return logger.info({ proxy: id }, 'a proxy is off the roster: it was deleted');
      if (now !== undefined) {
        const message = `The proxy "${id}" came back while it was being deleted, and stays on the roster: stop it first.`;
        throw new LbError('ABORTED', message);
      }
    }
    proxies.remove(id);
  }

  async stop(): Promise<void> {
    this.#ticks?.cancel();
    this.#stopFollowing();
    await this.#run.start().catch(() => undefined);
  }

  #reconcileSoon(): void {
    this.#run.start().catch((error: unknown) => {
      // The follower logs that the store is away, and the next tick tries again.
      this.#deps.logger.debug({ reason: messageOf(error) }, 'the roster could not be written');
    });
  }

  async #reconcile(): Promise<void> {
    const { proxies, follower, memberStore } = this.#deps;
    const followed = follower.current();
    if (followed === null) return;
    const entries = new Map(followed.members.filter(isRosterEntry).map((entry) => [entry.value.id, entry]));
    const connected = proxies.list().filter((proxy) => proxy.connected);
    const here = new Set(connected.map(({ info }) => info.id));
    for (const { info } of connected) await this.#enter(info, entries.get(info.id));
    const due: Entry[] = this.#isRenewalDue()
      ? [...entries.values()].filter(({ value }) => here.has(value.id))
      : [];
    for (const entry of entries.values()) {
      if (here.has(entry.value.id)) continue;
      // The ten minutes of a lost proxy begin now, not at its last renewal.
      if (entry.alive && this.#lost.delete(entry.value.instanceId)) due.push(entry);
      await this.#leave(entry);
    }
    if (due.length > 0) await memberStore.renew(due);
    this.#forgetSettled([...entries.values()]);
  }

  #isRenewalDue(): boolean {
    const nowMs = this.#deps.clock.nowMs();
    if (nowMs - this.#renewedMs < RENEW_EVERY_MS) return false;
    this.#renewedMs = nowMs;
    return true;
  }

  /** Puts a connected proxy on the roster, under the instance that connected last. */
  async #enter({ id, zone, instanceId }: ProxyIdentity, entry: Entry | undefined): Promise<void> {
    const { memberStore, clock, logger } = this.#deps;
    const isNew = this.#arrivals.has(id) && entry?.value.instanceId !== instanceId;
    if (entry === undefined || !entry.alive || isNew) {
      const sinceMs = entry?.value.sinceMs ?? clock.wallMs();
      const value: RosterEntry = { kind: 'proxy', id, zone, instanceId, ttlMs: ABSENCE_MS, sinceMs };
      // Null: another replica wrote it first, and the next read of the store shows what.
      if ((await memberStore.put(value, entry ?? null)) === null) return;
      if (entry === undefined) logger.info({ proxy: id }, 'a proxy is on the roster');
    }
    this.#arrivals.delete(id);
  }

  async #leave(entry: Entry): Promise<void> {
    const { memberStore, clock, logger } = this.#deps;
    const { id, instanceId } = entry.value;
    if (this.#stopped.has(instanceId)) {
      if (await memberStore.remove(entry, false))
        logger.info({ proxy: id }, 'a proxy is off the roster: it stopped');
    } else if (!entry.alive) {
      const sinceMs = this.#deadSinceMs.get(entry.token) ?? clock.nowMs();
      this.#deadSinceMs.set(entry.token, sinceMs);
      if (clock.nowMs() - sinceMs >= COME_BACK_MS && (await memberStore.remove(entry, true)))
        logger.warn({ proxy: id }, 'a proxy is off the roster: it was disconnected for ten minutes');
    }
  }

  /** Drops what was remembered about entries that are gone. */
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
