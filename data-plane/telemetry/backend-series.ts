/**
 * The backends in /metrics: the busiest by name, and the others of each pool together as `other`.
 *
 * Invariants
 *  - no counter goes backwards: `other` includes what a backend counts while it has no name here, and keeps it when that
 *    backend gets a name or is removed. If it were subtracted, Prometheus would take that for a restart;
 *  - so each count is in the increase of one series, and the series of all backends may add up to more than the pool has;
 *  - the counters of a removed backend with a name stay while it is among the removed ones, at most as many as may have
 *    names; its gauges end at once;
 *  - `other` exists from the first backend without a name until its pool has no backend.
 */
import {
  addTotals,
  type BackendTotals,
  counterOf,
  histogramOf,
  noTotals,
  type TotalsReading,
} from '../memory/backend-totals.ts';
import { BusiestBackends } from './busiest-backends.ts';
import { Histograms, inSlices, labelText, Samples } from './exposition.ts';
import type { BackendObservation } from './observation.ts';
import type { RemovedBackend } from './removed-backends.ts';
import { CONNECT_SECONDS, DURATION_SECONDS, FIRST_BYTE_SECONDS } from '../memory/shared-memory.ts';

/** Not an address. */
const OTHER = 'other';

/** The backends to show. */
export interface BackendSources {
  readonly backends: ReadonlyMap<string, BackendObservation>;
  /** Reads the totals of a backend by its key; null when nothing is known about it any more. */
  readonly totalsOf: (key: string) => TotalsReading | null;
  readonly removed: ReadonlyMap<string, RemovedBackend>;
  /** Whose `other` is shown; undefined: that of every pool. */
  readonly pools?: ReadonlySet<string>;
}

export class BackendSeries {
  readonly #limit: number;
  readonly #busiest: BusiestBackends;
  /** By pool. */
  readonly #others = new Map<string, BackendTotals>();
  /** Removed backends that still have series of their own, by key; the oldest first. */
  readonly #kept = new Map<string, RemovedBackend>();
  readonly #seen = new WeakSet<RemovedBackend>();

  /** `limit`: how many backends are named. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#busiest = new BusiestBackends(limit);
  }

  /** All families of backends. */
  async render({ backends, totalsOf, removed, pools: shown }: BackendSources): Promise<string> {
    this.#takeRemoved(removed);
    const named = this.#busiest.choose(backends);
    const families = new Families();
    /** By pool: open connections to backends without a name. */
    const active = new Map<string, number>();
    const pools = new Set<string>();
    await inSlices(backends, ([key, backend]) => {
      const { pool, address } = backend;
      pools.add(pool);
      // Read even when nothing is shown: growth is counted from one reading to the next.
      const reading = totalsOf(key);
      if (!named.has(key)) {
        this.#addToOther(pool, reading);
        active.set(pool, (active.get(pool) ?? 0) + backend.active);
      } else if (reading) {
        const labels = labelText({ pool, backend: address });
        families.counts(labels, reading.total);
        families.active(labels, backend.active);
        if (!backend.removed) families.up(labels, backend.health === 'healthy');
      }
    });
    for (const pool of this.#others.keys()) if (!pools.has(pool)) this.#others.delete(pool);
    await inSlices(this.#others, ([pool, totals]) => {
      if (shown && !shown.has(pool)) return;
      const labels = labelText({ pool, backend: OTHER });
      families.counts(labels, totals);
      families.active(labels, active.get(pool) ?? 0);
    });
    await inSlices(this.#kept, ([key, { pool, address, total }]) => {
      if (!backends.has(key)) families.counts(labelText({ pool, backend: address }), total);
    });
    return families.toString();
  }

  /** Keeps the series of removed backends that have a name; the last growth of the others is added to `other`. */
  #takeRemoved(removed: ReadonlyMap<string, RemovedBackend>): void {
    for (const [key, backend] of this.#kept) if (removed.get(key) !== backend) this.#kept.delete(key);
    for (const [key, backend] of removed) {
      if (this.#seen.has(backend)) continue;
      this.#seen.add(backend);
      const other = this.#others.get(backend.pool);
      if (other && !this.#busiest.isNamed(key)) addTotals(other, backend.growth);
      else this.#kept.set(key, backend);
    }
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= this.#limit) break;
      this.#kept.delete(key);
    }
  }

  #addToOther(pool: string, reading: TotalsReading | null): void {
    let other = this.#others.get(pool);
    if (!other) {
      other = noTotals();
      this.#others.set(pool, other);
    }
    if (reading) addTotals(other, reading.growth);
  }
}

/** Collects the lines of each family, which must be together in the output, while backends are added one by one. */
class Families {
  readonly #connections = new Samples('lb_backend_connections_total', 'counter', 'Connections established.');
  readonly #failures = new Samples('lb_backend_connect_failures_total', 'counter', 'Failed connects.');
  readonly #earlyCloses = new Samples(
    'lb_backend_early_closes_total',
    'counter',
    'Connections that the backend ended before it had sent a byte, and not because of the client.',
  );
  readonly #bytes = new Samples(
    'lb_bytes_total',
    'counter',
    'Bytes relayed, by direction: to_backend or from_backend.',
  );
  readonly #active = new Samples('lb_backend_connections_active', 'gauge', 'Connections open now.');
  readonly #up = new Samples('lb_backend_up', 'gauge', '1 when the backend is healthy.');
  readonly #connect = new Histograms(
    'lb_backend_connect_duration_seconds',
    CONNECT_SECONDS,
    'Time to connect, successful attempts only.',
  );
  readonly #firstByte = new Histograms(
    'lb_backend_first_byte_duration_seconds',
    FIRST_BYTE_SECONDS,
    'Time from accept to the first byte that the client got.',
  );
  readonly #connection = new Histograms(
    'lb_backend_connection_duration_seconds',
    DURATION_SECONDS,
    'Life of a connection, from accept to close.',
  );

  /** `labels`: see labelText. */
  counts(labels: string, totals: BackendTotals): void {
    this.#connections.add(labels, counterOf(totals, 'connections'));
    this.#failures.add(labels, counterOf(totals, 'connectFailures'));
    this.#earlyCloses.add(labels, counterOf(totals, 'earlyCloses'));
    this.#bytes.add(`direction="to_backend",${labels}`, counterOf(totals, 'bytesToBackend'));
    this.#bytes.add(`direction="from_backend",${labels}`, counterOf(totals, 'bytesFromBackend'));
    this.#connect.add(labels, histogramOf(totals, 'backendConnectSeconds'));
    this.#firstByte.add(labels, histogramOf(totals, 'backendFirstByteSeconds'));
    this.#connection.add(labels, histogramOf(totals, 'backendDurationSeconds'));
  }

  active(labels: string, active: number): void {
    this.#active.add(labels, active);
  }

  up(labels: string, isUp: boolean): void {
    this.#up.add(labels, Number(isUp));
  }

  toString(): string {
    const counters = [this.#connections, this.#failures, this.#earlyCloses, this.#bytes];
    const samples = [...counters, this.#active, this.#up];
    return [...samples, this.#connect, this.#firstByte, this.#connection].join('');
  }
}
