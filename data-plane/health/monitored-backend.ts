/**
 * One backend that the health monitor watches, and its `health` cell in shared memory.
 *
 * Invariants
 *  - the cell holds the machine's state, except after a worker has written `ejected` there and before the machine knows:
 *    a value that a worker wrote is not overwritten before the machine knows it;
 *  - failed connects are reset to 0 before a backend counts as healthy, so that one more doesn't take it out at once.
 */
import type { HealthCheck } from '../../core/model/resources.ts';
import type { DirectoryBackend, DirectoryPool } from '../plan/plan-directory.ts';
import { HEALTH, type SharedCells } from '../memory/shared-memory.ts';
import {
  type HealthEvent,
  type HealthState,
  type Moment,
  stepHealth,
  unknownHealth,
} from './health-machine.ts';

type Cells = Pick<SharedCells, 'health' | 'failures' | 'rampTenths'>;

export class MonitoredBackend {
  backend: DirectoryBackend;
  check: HealthCheck;
  /** The header that its pool sends. */
  proxyProtocol: 'v1' | 'v2' | undefined;
  state: HealthState;
  /** When it was last ejected, on the monotonic clock: a check that began before says nothing about the time after. */
  ejectedMs = Number.NEGATIVE_INFINITY;
  /** The value of the cell that the machine knows of. */
  #known: number = HEALTH.unknown;
  readonly #shared: Cells;

  constructor(backend: DirectoryBackend, pool: DirectoryPool, shared: Cells, wallMs: number) {
    this.backend = backend;
    this.check = pool.policy.healthCheck;
    this.proxyProtocol = pool.proxyProtocol;
    this.state = unknownHealth(wallMs);
    this.#shared = shared;
    // A backend that was removed and comes back while it has connections gets its old row, with its old health.
    Atomics.store(shared.health, backend.row, HEALTH.unknown);
    Atomics.store(shared.failures, backend.row, 0);
    Atomics.store(shared.rampTenths, backend.row, 0);
  }

  /** It can't get connections, whatever a check would say. */
  get isKeptOut(): boolean {
    return this.backend.state === 'disabled' || this.backend.leadsBack !== null;
  }

  get isChecked(): boolean {
    return !this.isKeptOut && this.check.type !== 'none';
  }

  /** Steps the machine; `publish` makes it known to the workers. */
  step(event: HealthEvent, now: Moment): void {
    this.state = stepHealth(this.state, event, this.check, now);
  }

  /** Writes the cell unless a worker has. Returns whether it changed. */
  publish(): boolean {
    const wanted = HEALTH[this.state.health];
    if (wanted === this.#known) return false;
    const { row } = this.backend;
    if (wanted === HEALTH.healthy) Atomics.store(this.#shared.failures, row, 0);
    if (Atomics.compareExchange(this.#shared.health, row, this.#known, wanted) !== this.#known) return false;
    this.#known = wanted;
    return true;
  }

  /** Takes back an ejection that the machine does not know of. Returns whether there was one. */
  reinstate(): boolean {
    const { row } = this.backend;
    Atomics.store(this.#shared.failures, row, 0);
    const { healthy, ejected } = HEALTH;
    return (
      this.#known === healthy &&
      Atomics.compareExchange(this.#shared.health, row, ejected, healthy) === ejected
    );
  }

  /** Whether a worker has ejected it since the last call. */
  noticeEjection(nowMs: number): boolean {
    if (this.#known === HEALTH.ejected) return false;
    if (Atomics.load(this.#shared.health, this.backend.row) !== HEALTH.ejected) return false;
    this.#known = HEALTH.ejected;
    this.ejectedMs = nowMs;
    return true;
  }
}
