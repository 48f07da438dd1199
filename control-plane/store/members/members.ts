/** What this replica does about members: the roster, the registrations it holds, and those whose lease has ended. */
import { Expiry } from './expiry.ts';
import { Registrations, type RegistrationsDeps } from './registrations.ts';
import { Roster } from './roster.ts';

export class Members {
  readonly roster: Roster;
  readonly registrations: Registrations;
  readonly #expiry: Expiry;

  constructor(deps: RegistrationsDeps) {
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
