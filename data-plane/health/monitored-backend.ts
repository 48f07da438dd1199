/**
 * One backend under the health monitor's eyes, and its `health` cell in shared memory.
 *
 * Invariants
 *  - the cell holds what the machine says, except from the moment a worker put `ejected` there until the machine
 *    hears of it: a value that a worker wrote is never overwritten unheard;
 *  - failed connects are forgotten before a backend counts as healthy, so that one more doesn't take it out at once.
 */
import type { HealthCheck } from '../../core/model/resources.ts';
import type { DirectoryBackend } from '../plan/plan-directory.ts';
import { HEALTH, type SharedCells } from '../memory/shared-memory.ts';
import type { RunningCheck } from './checker.ts';
import { type HealthEvent, type HealthState, stepHealth, unknownHealth } from './health-machine.ts';

export class MonitoredBackend {
  backend: DirectoryBackend;
  check: HealthCheck;
  state: HealthState;
  running: RunningCheck | null = null;
  /** When the last check began, by the monotonic clock. */
  startedMs = 0;
  /** Results in a row that said nothing about the backend. */
  inconclusive = 0;
  /** What the cell holds as far as the machine has heard. */
  #heard: number = HEALTH.unknown;
  readonly #shared: Pick<SharedCells, 'health' | 'failures'>;

  constructor(
    backend: DirectoryBackend,
    check: HealthCheck,
    shared: Pick<SharedCells, 'health' | 'failures'>,
    wallMs: number,
  ) {
    this.backend = backend;
    this.check = check;
    this.state = unknownHealth(wallMs);
    this.#shared = shared;
    // A backend that was removed and comes back while connections to it live on has its old row, and old health.
    Atomics.store(shared.health, backend.row, HEALTH.unknown);
    Atomics.store(shared.failures, backend.row, 0);
  }

  get isChecked(): boolean {
    return this.backend.state !== 'disabled' && this.check.type !== 'none';
  }

  /** Moves the machine, and the cell if no worker was faster. Says whether the cell changed. */
  step(event: HealthEvent, wallMs: number): boolean {
    this.state = stepHealth(this.state, event, this.check, wallMs);
    return this.#publish();
  }

  /** A worker took it out and the machine has not heard of it: from now on it has. */
  hearEjection(): boolean {
    if (this.#heard === HEALTH.ejected) return false;
    if (Atomics.load(this.#shared.health, this.backend.row) !== HEALTH.ejected) return false;
    this.#heard = HEALTH.ejected;
    return true;
  }

  cancelCheck(): void {
    this.running?.cancel();
    this.running = null;
  }

  #publish(): boolean {
    const wanted = HEALTH[this.state.health];
    if (wanted === this.#heard) return false;
    const { row } = this.backend;
    if (wanted === HEALTH.healthy) Atomics.store(this.#shared.failures, row, 0);
    if (Atomics.compareExchange(this.#shared.health, row, this.#heard, wanted) !== this.#heard) return false;
    this.#heard = wanted;
    return true;
  }
}
