/**
 * What /metrics says of backends: the busiest by name, the rest of each pool together as `other`.
 *
 * Invariants
 *  - no counter goes backwards: `other` takes what a backend counts while it is not named, and keeps it when that
 *    backend is named or removed. Subtracting it then would look like a restart, and its whole value like an increase;
 *  - so what is counted is in the increase of one series, and series of `backend` may add up to more than the pool has;
 *  - counters of a removed backend that was named stay for as long as it is among the retired ones, at most as many as
 *    may be named; its gauges leave at once;
 *  - `other` exists from the first backend it has to speak for until its pool has no backend.
 */
import {
  addTotals,
  type BackendTotals,
  counterOf,
  histogramOf,
  noTotals,
  type TotalsReading,
} from './backend-totals.ts';
import { BusiestBackends } from './busiest-backends.ts';
import { familyHeader, histogramLines, inSlices, type Labels, sampleLine } from './exposition.ts';
import type { BackendObservation } from './observation.ts';
import type { RetiredBackend } from './retired-backends.ts';
import { CONNECT_SECONDS, DURATION_SECONDS, FIRST_BYTE_SECONDS } from './shared-memory.ts';

const CONNECTIONS = 'lb_backend_connections_total';
const FAILURES = 'lb_backend_connect_failures_total';
const BYTES = 'lb_bytes_total';
const ACTIVE = 'lb_backend_connections_active';
const UP = 'lb_backend_up';
const CONNECT = 'lb_backend_connect_duration_seconds';
const FIRST_BYTE = 'lb_backend_first_byte_duration_seconds';
const CONNECTION = 'lb_backend_connection_duration_seconds';
/** No address. */
const OTHER = 'other';

/** Backends as they are to be shown. */
export interface BackendSources {
  readonly backends: ReadonlyMap<string, BackendObservation>;
  /** Reads a backend by its key, when it is called; null when nothing is known of it any more. */
  readonly totalsOf: (key: string) => TotalsReading | null;
  readonly retired: ReadonlyMap<string, RetiredBackend>;
}

export class BackendSeries {
  readonly #limit: number;
  readonly #busiest: BusiestBackends;
  /** By pool. */
  readonly #others = new Map<string, BackendTotals>();
  /** Retired ones that go on under their names, by key; the oldest first. */
  readonly #kept = new Map<string, RetiredBackend>();
  readonly #heard = new WeakSet<RetiredBackend>();

  /** `limit`: how many backends are named. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#busiest = new BusiestBackends(limit);
  }

  /** All families of backends. */
  async render({ backends, totalsOf, retired }: BackendSources): Promise<string> {
    this.#hear(retired);
    const named = this.#busiest.choose(backends);
    const text = new FamilyTexts();
    /** By pool: connections open now to those without a name. */
    const active = new Map<string, number>();
    const pools = new Set<string>();
    await inSlices(backends, ([key, backend]) => {
      const { pool, address } = backend;
      pools.add(pool);
      // Read even when there is nothing to show: growth is counted from one reading to the next.
      const reading = totalsOf(key);
      if (!named.has(key)) {
        this.#fold(pool, reading);
        active.set(pool, (active.get(pool) ?? 0) + backend.active);
      } else if (reading) {
        const labels = { pool, backend: address };
        text.counts(labels, reading.total);
        text.active(labels, backend.active);
        if (!backend.removed) text.up(labels, backend.health === 'healthy');
      }
    });
    for (const pool of this.#others.keys()) if (!pools.has(pool)) this.#others.delete(pool);
    await inSlices(this.#others, ([pool, totals]) => {
      const labels = { pool, backend: OTHER };
      text.counts(labels, totals);
      text.active(labels, active.get(pool) ?? 0);
    });
    await inSlices(this.#kept, ([key, { pool, address, total }]) => {
      if (!backends.has(key)) text.counts({ pool, backend: address }, total);
    });
    return text.toString();
  }

  /** Of a backend that is gone goes on by its name what was shown by it; the rest is in `other`. */
  #hear(retired: ReadonlyMap<string, RetiredBackend>): void {
    for (const [key, backend] of this.#kept) if (retired.get(key) !== backend) this.#kept.delete(key);
    for (const [key, backend] of retired) {
      if (this.#heard.has(backend)) continue;
      this.#heard.add(backend);
      const other = this.#others.get(backend.pool);
      if (other && !this.#busiest.isNamed(key)) addTotals(other, backend.growth);
      else this.#kept.set(key, backend);
    }
    for (const key of this.#kept.keys()) {
      if (this.#kept.size <= this.#limit) break;
      this.#kept.delete(key);
    }
  }

  #fold(pool: string, reading: TotalsReading | null): void {
    let other = this.#others.get(pool);
    if (!other) {
      other = noTotals();
      this.#others.set(pool, other);
    }
    if (reading) addTotals(other, reading.growth);
  }
}

/** The lines of each family, which must stand together, while backends come one after the other. */
class FamilyTexts {
  #connections = familyHeader(CONNECTIONS, 'counter', 'Connections established.');
  #failures = familyHeader(FAILURES, 'counter', 'Failed connects.');
  #bytes = familyHeader(BYTES, 'counter', 'Bytes relayed, by direction: to_backend or from_backend.');
  #active = familyHeader(ACTIVE, 'gauge', 'Connections open now.');
  #up = familyHeader(UP, 'gauge', '1 when the backend is healthy.');
  #connect = familyHeader(CONNECT, 'histogram', 'Time to connect, successful attempts only.');
  #firstByte = familyHeader(
    FIRST_BYTE,
    'histogram',
    'Time from accept to the first byte that the client got.',
  );
  #connection = familyHeader(CONNECTION, 'histogram', 'Life of a connection, from accept to close.');

  counts(labels: Labels, totals: BackendTotals): void {
    this.#connections += sampleLine(CONNECTIONS, labels, counterOf(totals, 'connections'));
    this.#failures += sampleLine(FAILURES, labels, counterOf(totals, 'connectFailures'));
    const bytes = (direction: string, count: number) => sampleLine(BYTES, { direction, ...labels }, count);
    this.#bytes += bytes('to_backend', counterOf(totals, 'bytesToBackend'));
    this.#bytes += bytes('from_backend', counterOf(totals, 'bytesFromBackend'));
    const [connect, firstByte, connection] = [
      histogramOf(totals, 'backendConnectSeconds'),
      histogramOf(totals, 'backendFirstByteSeconds'),
      histogramOf(totals, 'backendDurationSeconds'),
    ];
    this.#connect += histogramLines(CONNECT, labels, CONNECT_SECONDS, connect);
    this.#firstByte += histogramLines(FIRST_BYTE, labels, FIRST_BYTE_SECONDS, firstByte);
    this.#connection += histogramLines(CONNECTION, labels, DURATION_SECONDS, connection);
  }

  active(labels: Labels, active: number): void {
    this.#active += sampleLine(ACTIVE, labels, active);
  }

  up(labels: Labels, isUp: boolean): void {
    this.#up += sampleLine(UP, labels, Number(isUp));
  }

  toString(): string {
    const counts = this.#connections + this.#failures + this.#bytes + this.#active + this.#up;
    return counts + this.#connect + this.#firstByte + this.#connection;
  }
}
