/**
 * One backend that the health monitor checks, and its `health` cell in shared memory.
 *
 * Invariants
 *  - the cell holds the machine's state, except after a worker has written `ejected` there and before the machine knows:
 *    a value that a worker wrote is not overwritten before the machine knows it;
 *  - failed connects are reset to 0 before a backend counts as healthy, so that one more doesn't take it out at once.
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
  /** When the last check began, on the monotonic clock. */
  startedMs = 0;
  /** Inconclusive results in a row. */
  inconclusive = 0;
  /** The value of the cell that the machine knows of. */
  #known: number = HEALTH.unknown;
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
    // A backend that was removed and comes back while it has connections gets its old row, with its old health.
    Atomics.store(shared.health, backend.row, HEALTH.unknown);
    Atomics.store(shared.failures, backend.row, 0);
  }

  /** It can't get connections, whatever a check would say. */
  get isKeptOut(): boolean {
    return this.backend.state === 'disabled' || this.backend.leadsBack !== null;
  }

  get isChecked(): boolean {
    return !this.isKeptOut && this.check.type !== 'none';
  }

  /** Steps the machine, and writes the cell unless a worker has. Returns whether the cell changed. */
  step(event: HealthEvent, wallMs: number): boolean {
    this.state = stepHealth(this.state, event, this.check, wallMs);
    return this.#publish();
  }

  /** Whether a worker has ejected it since the last call. */
  noticeEjection(): boolean {
    if (this.#known === HEALTH.ejected) return false;
    if (Atomics.load(this.#shared.health, this.backend.row) !== HEALTH.ejected) return false;
    this.#known = HEALTH.ejected;
    return true;
  }

  cancelCheck(): void {
    this.running?.cancel();
    this.running = null;
  }

  #publish(): boolean {
    const wanted = HEALTH[this.state.health];
    if (wanted === this.#known) return false;
    const { row } = this.backend;
    if (wanted === HEALTH.healthy) Atomics.store(this.#shared.failures, row, 0);
    if (Atomics.compareExchange(this.#shared.health, row, this.#known, wanted) !== this.#known) return false;
    this.#known = wanted;
    return true;
  }
}
