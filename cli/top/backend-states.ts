/** The state of each backend as configured and as registered, read again when the configuration has changed. */
import type { Clock } from '../../core/runtime/clock.ts';
import { joinBackends, stateText } from '../../core/view/backends.ts';
import type { Session } from '../session/session.ts';
import type { States } from './rows.ts';

/** Registrations make no revision, so the states are also read this often. */
const READ_EVERY_MS = 10_000;

export class BackendStates {
  readonly #session: Session;
  readonly #clock: Clock;
  #revision = '';
  #readAtMs = Number.NEGATIVE_INFINITY;
  #states: States = new Map();
  #isReading = false;

  constructor(session: Session, clock: Clock) {
    this.#session = session;
    this.#clock = clock;
  }

  get current(): States {
    return this.#states;
  }

  /** Reads if something may have changed, and resolves when it did. When that fails, the states stay as they were. */
  async refresh(revision: string): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const isRecent = revision === this.#revision && nowMs - this.#readAtMs < READ_EVERY_MS;
    if (this.#isReading || isRecent) return;
    this.#isReading = true;
    this.#readAtMs = nowMs;
    try {
      this.#states = await this.#read();
      this.#revision = revision;
    } catch {
      // They are read again with a later frame.
    } finally {
      this.#isReading = false;
    }
  }

  async #read(): Promise<States> {
    const [{ pools }, registered] = await Promise.all([
      this.#session.read('pools', 'ListPools', {}),
      this.#session.read('registrations', 'ListRegistrations', {}),
    ]);
    const backends = joinBackends(pools, registered, [], []);
    const nowMs = this.#clock.wallMs();
    return new Map(
      backends
        .filter(({ state }) => state !== 'active')
        .map((backend) => [
          `${backend.pool}/${backend.address}`,
          {
            state: backend.state,
            sinceMs: backend.stateSinceMs,
            text: stateText(backend, nowMs).replace(' for ', ' '),
          },
        ]),
    );
  }
}
