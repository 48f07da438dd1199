/** The state of each backend as configured and as registered, read again when the configuration has changed. */
import { joinBackends } from '../../core/view/backends.ts';
import type { Session } from '../session/session.ts';
import type { States } from './rows.ts';

/** Registrations make no revision, so the states are also read this often. */
const READ_EVERY_MS = 10_000;

export class BackendStates {
  readonly #session: Session;
  #revision = '';
  #readAtMs = Number.NEGATIVE_INFINITY;
  #states: States = new Map();
  #isReading = false;

  constructor(session: Session) {
    this.#session = session;
  }

  get current(): States {
    return this.#states;
  }

  /** Starts to read if something may have changed. When that fails, the states stay as they were. */
  refresh(revision: string, nowMs: number): void {
    const isRecent = revision === this.#revision && nowMs - this.#readAtMs < READ_EVERY_MS;
    if (this.#isReading || isRecent) return;
    this.#isReading = true;
    this.#readAtMs = nowMs;
    this.#read()
      .then((states) => {
        this.#states = states;
        this.#revision = revision;
      })
      .catch(() => undefined)
      .finally(() => {
        this.#isReading = false;
      });
  }

  async #read(): Promise<States> {
    const [{ pools }, { registrations }] = await Promise.all([
      this.#session.read('pools', 'ListPools', {}),
      this.#session.read('registrations', 'ListRegistrations', {}),
    ]);
    const backends = joinBackends(pools, registrations, [], []);
    return new Map(backends.map(({ pool, address, state }) => [`${pool}/${address}`, state]));
  }
}
