/**
 * What one proxy reports of its backends, in columns by the rows of the directory.
 *
 * Invariants
 *  - the state after any sequence of reports is that after one report of everything;
 *  - a backend without traffic has no counters: they are made when one of them is not 0;
 *  - an increase is never negative. A total that went down began anew, for example because its backend was removed and added
 *    again, so all of it is new;
 *  - whoever counts (`TrafficCounter`) is told of every change, and when the backends are not counted any more.
 */
import type { BackendReport__Output } from '../../core/wire/generated/lb/v1/BackendReport.ts';
import type { BackendTraffic__Output } from '../../core/wire/generated/lb/v1/BackendTraffic.ts';
import { timestampFromWire, timestampToWire } from '../../core/wire/timestamp-codec.ts';
import type { BackendDirectory, BackendRow } from './backend-directory.ts';
import { type Counts, denseCounts, type HistogramBounds } from './histogram.ts';
import type { SharedByProxies } from './proxy-record.ts';
import { plausibleIncrease } from './report-limits.ts';

/** In the order of the counts in a series. Columns have the place in this list and 1; 0: the proxy has no such backend. */
export const HEALTHS = ['HEALTH_HEALTHY', 'HEALTH_UNHEALTHY', 'HEALTH_UNKNOWN', 'HEALTH_EJECTED'] as const;

/** Open connections, then four totals: connections, failed connects, bytes to the backend, bytes from it. */
const TOTALS = 5;

/** One object for all changes, because a hundred thousand of them a second must not leave garbage. */
export interface BackendChange {
  row: BackendRow;
  /** Places in HEALTHS; -1: not reported. */
  before: number;
  now: number;
  /** Growth of the open connections; may be negative. */
  active: number;
  /** Increases of the four totals. */
  readonly counts: Float64Array;
  /** Increases in the buckets of `bounds`; null: none. */
  connect: Counts | null;
  firstByte: Counts | null;
  bounds: HistogramBounds;
}

const NO_ROW: BackendRow = { index: -1, key: '', pool: '', address: '', users: 0 };
const change: BackendChange = {
  row: NO_ROW,
  before: -1,
  now: -1,
  active: 0,
  counts: new Float64Array(TOTALS - 1),
  connect: null,
  firstByte: null,
  bounds: {},
};

export class ReportedBackends implements Iterable<readonly [string, BackendReport__Output]> {
  readonly #shared: SharedByProxies;
  readonly #directory: BackendDirectory;
  #isCounted = true;
  #size = 0;
  #health = new Uint8Array(0);
  #sinceMs = new Float64Array(0);
  readonly #reasons: string[] = [];
  /** Where the totals of a row are; 0: all of them are 0. */
  #slots = new Uint32Array(0);
  #totals = new Float64Array(TOTALS);
  #usedSlots = 1;
  bounds: HistogramBounds = {};

  constructor(shared: SharedByProxies) {
    this.#shared = shared;
    this.#directory = shared.directory;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): BackendReport__Output | undefined {
    const row = this.#find(key);
    return row === undefined ? undefined : this.#reportOf(row);
  }

  *[Symbol.iterator](): Iterator<readonly [string, BackendReport__Output]> {
    for (const row of this.#rows()) yield [row.key, this.#reportOf(row)];
  }

  /** The health of a backend, if it is reported. */
  healthOf(key: string): (typeof HEALTHS)[number] | undefined {
    const row = this.#find(key);
    return row && HEALTHS[this.#health[row.index]! - 1];
  }

  /** A backend is new, or has another health, or both. */
  state(report: BackendReport__Output): void {
    const { pool, address } = report.backend ?? { pool: '', address: '' };
    const row = this.#find(`${pool}/${address}`) ?? this.#add(pool, address);
    const { index } = row;
    const before = this.#health[index]! - 1;
    const now = healthIndex(report.health);
    this.#health[index] = now + 1;
    this.#reasons[index] = this.#directory.share(report.reason);
    this.#sinceMs[index] = report.since === null ? Number.NaN : timestampFromWire(report.since);
    this.#begin(row, before, now);
    const totals = [
      report.connectionsActive,
      Number(report.connectionsTotal),
      Number(report.connectFailuresTotal),
      Number(report.bytesToBackendTotal),
      Number(report.bytesFromBackendTotal),
    ];
    for (const [place, total] of totals.entries()) {
      const had = this.#total(row, place);
      if (total !== had) this.#set(row, place, total);
      if (place === 0) change.active = total - had;
      // What it had counted before its first report is only where it starts.
      else
        change.counts[place - 1] =
          before < 0 ? 0 : plausibleIncrease(increaseOf(had, total), this.#shared.dropped);
    }
    this.#tell();
  }

  traffic(traffic: BackendTraffic__Output): void {
    const { backends, connect, firstByte } = traffic;
    const columns = [
      traffic.connections,
      traffic.connectFailures,
      traffic.bytesToBackend,
      traffic.bytesFromBackend,
    ] as const;
    let [connectAt, firstByteAt] = [0, 0];
    for (let place = 0; place < backends.length; place += 1) {
      const connectFrom = connectAt;
      const firstByteFrom = firstByteAt;
      while (connect[connectAt] === place) connectAt += 3;
      while (firstByte[firstByteAt] === place) firstByteAt += 3;
      const row = this.#find(backends[place]!);
      if (row === undefined) {
        this.#shared.dropped.count += 1;
        continue;
      }
      const health = this.#health[row.index]! - 1;
      this.#begin(row, health, health);
      change.connect = denseCounts('connect', this.bounds, connect, connectFrom, connectAt, 3);
      change.firstByte = denseCounts('firstByte', this.bounds, firstByte, firstByteFrom, firstByteAt, 3);
      const active = traffic.connectionsActive[place] ?? 0;
      change.active = active - this.#total(row, 0);
      if (change.active !== 0) this.#set(row, 0, active);
      for (let total = 1; total < TOTALS; total += 1) {
        const more = plausibleIncrease(columns[total - 1]![place] ?? 0, this.#shared.dropped);
        change.counts[total - 1] = more;
        if (more !== 0) this.#set(row, total, this.#total(row, total) + more);
      }
      this.#tell();
    }
  }

  delete(key: string): void {
    const row = this.#find(key);
    if (row === undefined) return;
    this.#uncount(row);
    const slot = this.#slots[row.index]!;
    this.#totals.fill(0, slot * TOTALS, (slot + 1) * TOTALS);
    this.#health[row.index] = 0;
    this.#reasons[row.index] = '';
    this.#size -= 1;
    this.#directory.release(row);
  }

  /** The proxy does not report any more; what it reported last can still be read. */
  stopCounting(): void {
    for (const row of this.#rows()) this.#uncount(row);
    this.#isCounted = false;
  }

  /** Gives up all rows. */
  clear(): void {
    for (const row of this.#rows()) this.delete(row.key);
  }

  *#rows(): Generator<BackendRow, void, undefined> {
    for (let index = 0; index < this.#health.length; index += 1) {
      const row = this.#health[index] === 0 ? null : this.#directory.at(index);
      if (row !== null) yield row;
    }
  }

  #find(key: string): BackendRow | undefined {
    const row = this.#directory.find(key);
    return row !== undefined && (this.#health[row.index] ?? 0) > 0 ? row : undefined;
  }

  #add(pool: string, address: string): BackendRow {
    const row = this.#directory.take(pool, address);
    this.#size += 1;
    if (row.index < this.#health.length) return row;
    const length = Math.max(64, Math.ceil((row.index + 1) * 1.25));
    this.#health = grown(this.#health, new Uint8Array(length));
    this.#sinceMs = grown(this.#sinceMs, new Float64Array(length));
    this.#slots = grown(this.#slots, new Uint32Array(length));
    while (this.#reasons.length < length) this.#reasons.push('');
    return row;
  }

  #total({ index }: BackendRow, place: number): number {
    return this.#totals[this.#slots[index]! * TOTALS + place]!;
  }

  #set({ index }: BackendRow, place: number, value: number): void {
    let slot = this.#slots[index]!;
    if (slot === 0) {
      slot = this.#usedSlots++;
      this.#slots[index] = slot;
      const needed = (slot + 1) * TOTALS;
      if (needed > this.#totals.length) this.#totals = grown(this.#totals, new Float64Array(2 * needed));
    }
    this.#totals[slot * TOTALS + place] = value;
  }

  #begin(row: BackendRow, before: number, now: number): void {
    change.row = row;
    change.before = before;
    change.now = now;
    change.active = 0;
    change.counts.fill(0);
    change.connect = null;
    change.firstByte = null;
    change.bounds = this.bounds;
  }

  #tell(): void {
    if (this.#isCounted) this.#shared.counter?.backend(change);
  }

  #uncount(row: BackendRow): void {
    this.#begin(row, this.#health[row.index]! - 1, -1);
    change.active = -this.#total(row, 0);
    this.#tell();
  }

  #reportOf(row: BackendRow): BackendReport__Output {
    const { index, pool, address } = row;
    const sinceMs = this.#sinceMs[index]!;
    const since = Number.isNaN(sinceMs) ? null : timestampToWire(sinceMs);
    const total = (place: number) => String(this.#total(row, place));
    return {
      backend: { pool, address },
      health: HEALTHS[this.#health[index]! - 1]!,
      reason: this.#reasons[index]!,
      since: since && { seconds: String(since.seconds), nanos: Number(since.nanos) },
      connectionsActive: this.#total(row, 0),
      connectionsTotal: total(1),
      connectFailuresTotal: total(2),
      bytesToBackendTotal: total(3),
      bytesFromBackendTotal: total(4),
    };
  }
}

export function increaseOf(before: number, now: number): number {
  return now >= before ? now - before : now;
}

function healthIndex(health: string): number {
  const index = HEALTHS.indexOf(health as (typeof HEALTHS)[number]);
  return index === -1 ? HEALTHS.indexOf('HEALTH_UNKNOWN') : index;
}

function grown<Column extends Uint8Array | Uint32Array | Float64Array>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
