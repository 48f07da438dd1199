/** What this replica does about members: the roster, the registrations it holds, and those whose lease has ended. */
import type { Clock } from '../../../core/runtime/clock.ts';
import type { Logger } from '../../../core/runtime/logger.ts';
import type { LogFollower } from '../log/log-follower.ts';
import type { MemberStore } from '../member-store.ts';
import { Expiry } from './expiry.ts';
import type { Proxies } from './proxies.ts';
import { Registrations } from './registrations.ts';
import { Roster } from './roster.ts';

export interface MembersDeps {
  readonly follower: LogFollower;
  readonly memberStore: MemberStore;
  readonly proxies: Proxies;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class Members {
  readonly roster: Roster;
  readonly registrations: Registrations;
  readonly #expiry: Expiry;

  constructor(deps: MembersDeps) {
    this.roster = new Roster(deps);
    this.registrations = new Registrations(deps);
    this.#expiry = new Expiry(deps);
  }

  /** Call this before the follower starts. */
  start(): void {
    this.roster.start();
    this.registrations.start();
    this.#expiry.start();
  }

  /** Leaves the held registrations to their leases. Writes once more, for proxies that were lost meanwhile. */
  async stop(): Promise<void> {
    this.registrations.stop();
    this.#expiry.stop();
    await this.roster.stop();
  }
}
