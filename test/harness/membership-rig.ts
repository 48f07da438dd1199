/** Replicas reduced to what knows of members, on one log in memory and one clock that the test moves. */
import { Fleet } from '../../control-plane/distribution/fleet.ts';
import { Roster } from '../../control-plane/membership/roster.ts';
import { LogFollower } from '../../control-plane/store/log-follower.ts';
import { systemRandom as random } from '../../core/runtime/random.ts';
import { FakeClock } from './fake-clock.ts';
import { collectingLogger, type Said } from './collecting-logger.ts';
import { MemoryMembership } from './memory-membership.ts';
import { MemoryLog, MemoryStore } from './memory-store.ts';
import { proxyInfo } from './reports.ts';

export class MembershipRig {
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
  readonly membership: MemoryMembership;
  readonly follower: LogFollower;
  readonly fleet: Fleet;
  readonly roster: Roster;
  readonly said: Said;

  constructor({ clock, log }: MembershipRig) {
    const { logger, said } = collectingLogger();
    this.said = said;
    this.store = new MemoryStore(log);
    this.membership = new MemoryMembership(this.store, clock);
    this.follower = new LogFollower({ store: this.store, membership: this.membership, clock, random });
    this.fleet = new Fleet(clock, 0);
    const { fleet, follower, membership } = this;
    this.roster = new Roster({ fleet, follower, membership, clock, logger });
    this.roster.start();
    this.follower.start();
  }

  /** A proxy that reports here. */
  connect(id: string, instanceId?: string) {
    return this.fleet.connect(proxyInfo(id, instanceId), () => undefined);
  }

  /** The roster in words: `edge-1`, `edge-2 (away)`. */
  ids(): readonly string[] {
    return this.fleet.list().map(({ info, connected }) => `${info.id}${connected ? '' : ' (away)'}`);
  }

  writes(): number {
    const { put, renew, remove } = this.membership.calls;
    return put + renew + remove;
  }

  /** Ends without a word, as kill -9 does. */
  async kill(): Promise<void> {
    this.store.away = true;
    await this.follower.stop();
    await this.roster.stop();
    this.fleet.stop();
  }
}
