/**
 * Gives a backend that is new or came back a tenth of its share of new connections at first, and all of it after
 * `slow_start`. Main thread; the decisions are pure.
 *
 * Invariants
 *  - the cell of a backend that starts slowly is written before a pick can find it healthy;
 *  - the epoch of a pool moves once for all the cells that a step changes.
 */
import type { Policy } from '../../core/model/resources.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import type { SharedCells } from '../memory/shared-memory.ts';
import type { MonitoredBackend } from './monitored-backend.ts';

/** Backends of a tier that come up within this time of its first one are new together: nobody has more than they do. */
const TOGETHER_MS = 10_000;
/** Each step makes every worker read the candidates of a pool again. */
const STEP_MS = 200;

/** With source_hash a growing share would move clients from backend to backend. */
function slowMsOf({ strategy, slowStartMs = 0 }: Policy): number {
  return strategy === 'source_hash' ? 0 : slowStartMs;
}

/** Tenths of its weight that a backend has, `sinceMs` after it came up; 0: all of it. */
export function rampTenths(sinceMs: number, slowMs: number): number {
  return sinceMs >= slowMs ? 0 : 1 + Math.floor((9 * sinceMs) / slowMs);
}

interface SlowStartInputs {
  readonly shared: Pick<SharedCells, 'rampTenths' | 'poolEpoch'>;
  readonly clock: Clock;
  readonly poolOf: (entry: MonitoredBackend) => { readonly row: number; readonly policy: Policy } | undefined;
}

export class SlowStarts {
  readonly #inputs: SlowStartInputs;
  /** When each of those that start slowly came up. */
  readonly #sinceMs = new Map<MonitoredBackend, number>();
  #timer: Timer | null = null;

  constructor(inputs: SlowStartInputs) {
    this.#inputs = inputs;
  }

  /** A backend comes up where others of its tier are up for `tierUpMs`; 0: none are. The caller moves the epoch. */
  cameUp(entry: MonitoredBackend, tierUpMs: number): void {
    const { clock, poolOf } = this.#inputs;
    const pool = poolOf(entry);
    const slowMs = pool ? slowMsOf(pool.policy) : 0;
    const isSlow = slowMs > 0 && tierUpMs >= Math.min(slowMs, TOGETHER_MS);
    this.#write(entry, isSlow ? 1 : 0);
    if (!isSlow) return this.forget(entry);
    this.#sinceMs.set(entry, clock.nowMs());
    this.#timer ??= clock.after(STEP_MS, () => this.#step());
  }

  /** Its row may belong to another backend already. */
  forget(entry: MonitoredBackend): void {
    this.#sinceMs.delete(entry);
  }

  close(): void {
    this.#timer?.cancel();
  }

  #step(): void {
    const { clock, poolOf, shared } = this.#inputs;
    const changed = new Set<number>();
    for (const [entry, sinceMs] of this.#sinceMs) {
      const pool = poolOf(entry);
      const tenths = pool ? rampTenths(clock.nowMs() - sinceMs, slowMsOf(pool.policy)) : 0;
      if (tenths === 0) this.#sinceMs.delete(entry);
      if (pool && this.#write(entry, tenths)) changed.add(pool.row);
    }
    for (const row of changed) Atomics.add(shared.poolEpoch, row, 1);
    this.#timer = this.#sinceMs.size === 0 ? null : clock.after(STEP_MS, () => this.#step());
  }

  /** Whether that is another value than before. */
  #write({ backend: { row } }: MonitoredBackend, tenths: number): boolean {
    return Atomics.exchange(this.#inputs.shared.rampTenths, row, tenths) !== tenths;
  }
}
