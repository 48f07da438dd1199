/** What operators and backends themselves made of their state: read again when the configuration has changed. */
import { BACKEND_STATES } from '../../core/model/resources.ts';
import { wordFromWire } from '../../core/wire/enum-codec.ts';
import type { Session } from '../session/session.ts';
import type { States } from './rows.ts';

/** Registrations make no revision: so often they are looked at. */
const LOOK_EVERY_MS = 10_000;

export class BackendStates {
  readonly #session: Session;
  #revision = '';
  #lookedMs = Number.NEGATIVE_INFINITY;
  #states: States = new Map();
  #reading = false;

  constructor(session: Session) {
    this.#session = session;
  }

  get current(): States {
    return this.#states;
  }

  /** Starts to read if there may be news. What can't be read stays as it was. */
  look(revision: string, nowMs: number): void {
    if (this.#reading || (revision === this.#revision && nowMs - this.#lookedMs < LOOK_EVERY_MS)) return;
    this.#reading = true;
    this.#lookedMs = nowMs;
    this.#read().then(
      (states) => {
        this.#states = states;
        this.#revision = revision;
        this.#reading = false;
      },
      () => {
        this.#reading = false;
      },
    );
  }

  async #read(): Promise<States> {
    const [{ pools }, { registrations }] = await Promise.all([
      this.#session.read('pools', 'ListPools', {}),
      this.#session.read('registrations', 'ListRegistrations', {}),
    ]);
    const states = new Map<string, string>();
    for (const { pool, address, state } of registrations) {
      const word = state.replace('REGISTRATION_STATE_', '').toLowerCase();
      states.set(`${pool}/${address}`, word);
    }
    for (const { name, backends } of pools) {
      for (const { address, state } of backends) {
        states.set(
          `${name}/${address}`,
          wordFromWire('BACKEND_STATE', BACKEND_STATES, state, '', []) ?? 'active',
        );
      }
    }
    return states;
  }
}
