/**
 * The histograms of backends in /metrics: the busiest by name, the rest of each pool together as `other`.
 *
 * Invariants
 *  - no series goes backwards: `other` takes what a backend counts while it is not named, and keeps it when that backend
 *    is named or removed. Subtracting it then would look like a restart, and its whole value like an increase;
 *  - so what is counted is in the increase of one series, and series of `backend` may add up to more than the pool has;
 *  - `other` exists from the first backend it has to speak for until its pool has no backend.
 */
import { type BackendDurations, type Durations, noDurations } from './backend-durations.ts';
import { BusiestBackends } from './busiest-backends.ts';
import type { HistogramCounts } from './counters.ts';
import { familyHeader, histogramLines, inSlices, type Labels } from './exposition.ts';
import type { BackendObservation } from './observation.ts';
import { CONNECT_SECONDS, DURATION_SECONDS } from './shared-memory.ts';

const CONNECT = 'lb_backend_connect_duration_seconds';
const CONNECTION = 'lb_backend_connection_duration_seconds';
/** No address. */
const OTHER = 'other';

export class BackendHistograms {
  readonly #busiest: BusiestBackends;
  /** By pool. */
  readonly #others = new Map<string, Durations>();

  /** `limit`: how many backends are named. */
  constructor(limit: number) {
    this.#busiest = new BusiestBackends(limit);
  }

  /** Both families. `durationsOf` reads a backend by its key, null when it is gone meanwhile. */
  async render(
    backends: ReadonlyMap<string, BackendObservation>,
    durationsOf: (key: string) => BackendDurations | null,
  ): Promise<string> {
    const named = this.#busiest.choose(backends);
    const pools = new Set<string>();
    let connect = familyHeader(CONNECT, 'histogram', 'Time to connect, successful attempts only.');
    let connection = familyHeader(CONNECTION, 'histogram', 'Life of a connection, from accept to close.');
    const show = (labels: Labels, durations: Durations) => {
      connect += histogramLines(CONNECT, labels, CONNECT_SECONDS, durations.connect);
      connection += histogramLines(CONNECTION, labels, DURATION_SECONDS, durations.connection);
    };
    await inSlices(backends, ([key, { pool, address }]) => {
      pools.add(pool);
      // Read even when there is nothing to show: growth is counted from one reading to the next.
      const durations = durationsOf(key);
      if (!named.has(key)) this.#fold(pool, durations);
      else if (durations) show({ pool, backend: address }, durations.total);
    });
    for (const pool of this.#others.keys()) if (!pools.has(pool)) this.#others.delete(pool);
    await inSlices(this.#others, ([pool, durations]) => show({ pool, backend: OTHER }, durations));
    return connect + connection;
  }

  #fold(pool: string, durations: BackendDurations | null): void {
    let other = this.#others.get(pool);
    if (!other) {
      other = noDurations();
      this.#others.set(pool, other);
    }
    if (!durations) return;
    add(other.connect, durations.growth.connect);
    add(other.connection, durations.growth.connection);
  }
}

function add(to: HistogramCounts, counts: HistogramCounts): void {
  // `!`: both have the same length.
  for (let cell = 0; cell < to.length; cell += 1) to[cell]! += counts[cell]!;
}
