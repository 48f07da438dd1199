/** Replicas reduced to what knows of members, on one log in memory and one clock that the test moves. */
import { Fleet } from '../../control-plane/fleet/fleet.ts';
import { Members } from '../../control-plane/store/members/members.ts';
import type { Registrations } from '../../control-plane/store/members/registrations.ts';
import type { Roster } from '../../control-plane/store/members/roster.ts';
import { isRegistration, type Registration } from '../../control-plane/store/member-store.ts';
import { LogFollower } from '../../control-plane/store/log/log-follower.ts';
import { systemRandom as random } from '../../core/runtime/random.ts';
import { FakeClock } from '../fake-clock.ts';
import { collectingLogger, type Said } from '../collecting-logger.ts';
import { MemoryMemberStore } from './memory-member-store.ts';
import { MemoryLog, MemoryStore } from './memory-store.ts';
import { NOBODY, proxyInfo } from '../control-plane/reports.ts';

export class MemberRig {
  readonly clock = new FakeClock();
  readonly log = new MemoryLog();

  /** Another replica, as if it had just started. */
  replica(): RigReplica {
    return new RigReplica(this);
  }

  /** Lets time pass for every replica. */
  pass(ms: number): Promise<void> {
    return this.clock.advanceSettling(ms);
  }
}

export class RigReplica {
  readonly store: MemoryStore;
  readonly memberStore: MemoryMemberStore;
  readonly follower: LogFollower;
  readonly fleet: Fleet;
  readonly roster: Roster;
  readonly registrations: Registrations;
  readonly #members: Members;
  readonly said: Said;

  constructor({ clock, log }: MemberRig) {
    const { logger, said } = collectingLogger();
    this.said = said;
    this.store = new MemoryStore(log);
    this.memberStore = new MemoryMemberStore(this.store, clock);
    this.follower = new LogFollower({ store: this.store, memberStore: this.memberStore, clock, random });
    this.fleet = new Fleet(clock, 0);
    const { fleet, follower, memberStore } = this;
    this.#members = new Members({ proxies: fleet, follower, memberStore, clock, logger });
    this.roster = this.#members.roster;
    this.registrations = this.#members.registrations;
    this.#members.start();
    this.follower.start();
  }

  /** A proxy that reports here. */
  connect(id: string, instanceId?: string) {
    return this.fleet.connect(proxyInfo(id, instanceId), NOBODY);
  }

  /** The roster in words: `edge-1`, `edge-2 (away)`. */
  ids(): readonly string[] {
    return this.fleet.list().map(({ info, connected }) => `${info.id}${connected ? '' : ' (away)'}`);
  }

  writes(): number {
    const { put, renew, remove } = this.memberStore.calls;
    return put + renew + remove;
  }

  /** A caller of Register at this replica; `told` is what it heard, oldest first. */
  async register(value: Registration) {
    const told: string[] = [];
    const hold = await this.registrations.take(value, {
      changed: ({ member, source }, connections) =>
        told.push(`${source} ${member.value.state}${connections > 0 ? ` ${connections} open` : ''}`),
      ended: (reason) => told.push(reason === null ? 'over' : reason.code),
    });
    return { hold, told };
  }

  /** Every registration that the store has, in words. */
  async registered(): Promise<readonly string[]> {
    const { members } = await this.memberStore.read();
    return members.filter(isRegistration).map(({ value }) => `${value.address} ${value.state}`);
  }

  /** Ends without a word, as kill -9 does. */
  async kill(): Promise<void> {
    this.store.away = true;
    await this.follower.stop();
    await this.#members.stop();
    this.fleet.stop();
  }
}
