/**
 * The final counts of removed backends, kept for a while: otherwise what happened between the last scrape and the removal
 * would not be in any series.
 *
 * Invariant: at most MAX_KEPT are kept, each for at most KEPT_MS; the oldest is dropped first.
 */
import type { BackendTotals, TotalsReading } from '../memory/backend-totals.ts';

const KEPT_MS = 600_000;
const MAX_KEPT = 1_000;

export interface RemovedBackend {
  readonly pool: string;
  readonly address: string;
  readonly total: BackendTotals;
  /** The increase since the last scrape before the removal. */
  readonly growth: BackendTotals;
  readonly atMs: number;
}

export class RemovedBackends {
  /** By POOL/ADDRESS, the oldest first. */
  readonly #backends = new Map<string, RemovedBackend>();

  add(pool: string, address: string, { total, growth }: TotalsReading, nowMs: number): void {
    const key = `${pool}/${address}`;
    this.#backends.delete(key);
    this.#backends.set(key, { pool, address, total: total.slice(), growth: growth.slice(), atMs: nowMs });
    this.#expire(nowMs);
  }

  get(key: string): RemovedBackend | undefined {
    return this.#backends.get(key);
  }

  at(nowMs: number): ReadonlyMap<string, RemovedBackend> {
    this.#expire(nowMs);
    return this.#backends;
  }

  #expire(nowMs: number): void {
    for (const [key, { atMs }] of this.#backends) {
      if (this.#backends.size <= MAX_KEPT && nowMs - atMs < KEPT_MS) break;
      this.#backends.delete(key);
    }
  }
}
