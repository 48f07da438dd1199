/**
 * What removed backends had counted in the end. It stays for a while: what happened between the last scrape and the
 * removal would be in no series otherwise.
 *
 * Invariant: at most MAX_RETIRED are kept, each for at most RETIRED_MS; the oldest goes first.
 */
import type { BackendTotals, TotalsReading } from '../memory/backend-totals.ts';

const RETIRED_MS = 600_000;
const MAX_RETIRED = 1_000;

export interface RetiredBackend {
  readonly pool: string;
  readonly address: string;
  readonly total: BackendTotals;
  /** Since the last scrape before it was removed. */
  readonly growth: BackendTotals;
  readonly atMs: number;
}

export class RetiredBackends {
  /** By POOL/ADDRESS, the oldest first. */
  readonly #backends = new Map<string, RetiredBackend>();

  add(pool: string, address: string, { total, growth }: TotalsReading, nowMs: number): void {
    const key = `${pool}/${address}`;
    this.#backends.delete(key);
    this.#backends.set(key, { pool, address, total: total.slice(), growth: growth.slice(), atMs: nowMs });
    this.#expire(nowMs);
  }

  get(key: string): RetiredBackend | undefined {
    return this.#backends.get(key);
  }

  at(nowMs: number): ReadonlyMap<string, RetiredBackend> {
    this.#expire(nowMs);
    return this.#backends;
  }

  #expire(nowMs: number): void {
    for (const [key, { atMs }] of this.#backends) {
      if (this.#backends.size <= MAX_RETIRED && nowMs - atMs < RETIRED_MS) break;
      this.#backends.delete(key);
    }
  }
}
