/**
 * Runs the health checks of all backends, writes their health into shared memory and publishes each change. Main thread.
 *
 * Invariants
 *  - at most `MAX_RUNNING` checks at once and one timer, however many backends there are; no pool takes all of them;
 *  - each backend that has checks is either being checked or scheduled;
 *  - a backend keeps its state from plan to plan as long as its row and generation stay the same;
 *  - after each change of a `health` cell the epoch of its pool grows;
 *  - the result of a check that began before an ejection is ignored.
 */
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import type { Random } from '../../core/runtime/random.ts';
import type { DirectoryBackend, DirectoryPool, PlanDirectory } from '../plan/plan-directory.ts';
import type { SharedCells } from '../memory/shared-memory.ts';
import type { Checker, CheckResult } from './checker.ts';
import type { HealthChanges } from './health-changes.ts';
import type { HealthEvent, HealthState } from './health-machine.ts';
import { MonitoredBackend } from './monitored-backend.ts';
import { PoolTally } from './pool-tally.ts';
import { CheckSchedule, firstDelayMs, hasShare, nextDelayMs } from './scheduler.ts';

/** Checks at once. Each takes a descriptor, and the connection limit leaves room for this many. */
export const MAX_RUNNING = 256;
/** Inconclusive results in a row; more of them count as failures. */
const MAX_INCONCLUSIVE = 3;
/** While a shortage lasts, it is published this often. */
const SHORTAGE_EVERY_MS = 60_000;

export interface HealthMonitorInputs {
  readonly shared: Pick<SharedCells, 'health' | 'failures' | 'poolEpoch'>;
  readonly checker: Checker;
  readonly clock: Clock;
  readonly random: Random;
  readonly changes: HealthChanges;
}

interface MonitoredPool {
  readonly row: number;
  readonly name: string;
  readonly tally: PoolTally;
  alarmed: boolean;
  /** Checks under way. */
  running: number;
}

export class HealthMonitor {
  readonly #inputs: HealthMonitorInputs;
  /** By row. */
  #backends = new Map<number, MonitoredBackend>();
  /** By row, until the row is given away: when its backend was removed. */
  readonly #removed = new Map<number, { readonly generation: number; readonly sinceMs: number }>();
  /** By name. */
  #pools = new Map<string, MonitoredPool>();
  readonly #schedule = new CheckSchedule();
  #running = 0;
  #timer: Timer | null = null;
  /** When a shortage was last published. */
  #shortageMs = Number.NEGATIVE_INFINITY;

  constructor(inputs: HealthMonitorInputs) {
    this.#inputs = inputs;
  }

  /** The workers run another plan. */
  update(directory: PlanDirectory): void {
    const before = this.#backends;
    const poolsBefore = this.#pools;
    this.#backends = new Map();
    this.#pools = new Map();
    const due: MonitoredBackend[] = [];
    for (const pool of directory.pools) {
      const { alarmed = false, running = 0 } = poolsBefore.get(pool.name) ?? {};
      this.#pools.set(pool.name, {
        row: pool.row,
        name: pool.name,
        tally: new PoolTally(),
        alarmed,
        running,
      });
      for (const backend of pool.backends) {
        const known = before.get(backend.row);
        const keeps = known?.backend.generation === backend.generation;
        if (keeps) before.delete(backend.row);
        else this.#schedule.remove(backend.row);
        this.#removed.delete(backend.row);
        const entry = keeps ? known : this.#add(backend, pool);
        this.#backends.set(backend.row, entry);
        if (this.#adopt(entry, backend, pool)) due.push(entry);
      }
    }
    for (const gone of before.values()) this.#remove(gone);
    for (const entry of due)
      this.#scheduleIn(entry, firstDelayMs(due.length, entry.check, this.#inputs.random));
    for (const pool of this.#pools.values()) this.#publishPanic(pool);
    this.#startDue();
  }

  /** A worker says that failed connects took a backend out. */
  ejected(row: number, generation: number, reason: string): void {
    const entry = this.#backends.get(row);
    if (entry?.backend.generation !== generation) return;
    this.#noticeEjection(entry, reason);
    this.#publishPanic(this.#pools.get(entry.backend.pool));
    this.#startDue();
  }

  /** The health of a backend, or that it was removed. */
  healthOf(
    backend: Pick<DirectoryBackend, 'row' | 'generation'>,
  ): Pick<HealthState, 'health' | 'reason' | 'sinceMs'> {
    const entry = this.#backends.get(backend.row);
    if (entry?.backend.generation !== backend.generation) {
      const removed = this.#removed.get(backend.row);
      const sinceMs = removed?.generation === backend.generation ? removed.sinceMs : 0;
      return { health: 'unknown', reason: 'removed', sinceMs };
    }
    const { health, reason, sinceMs } = entry.state;
    return { health, reason, sinceMs };
  }

  /** By pool: whether no active backend of weight above 0 is up, so that all of them are used. */
  panic(): ReadonlyMap<string, boolean> {
    return new Map(Array.from(this.#pools.values(), ({ name, tally }) => [name, tally.panic]));
  }

  /** How many backends lead back to a listener, and would get connections if they did not. */
  leadingBack(): number {
    const all = [...this.#backends.values()];
    return all.filter(({ backend }) => backend.leadsBack !== null).length;
  }

  close(): void {
    this.#timer?.cancel();
    for (const entry of this.#backends.values()) this.#stopChecking(entry);
    this.#backends.clear();
  }

  #add(backend: DirectoryBackend, pool: DirectoryPool): MonitoredBackend {
    const { shared, clock } = this.#inputs;
    const entry = new MonitoredBackend(backend, pool.policy.healthCheck, shared, clock.wallMs());
    Atomics.add(shared.poolEpoch, pool.row, 1);
    return entry;
  }

  /** Updates an entry to its configuration. Returns whether a first check is to be scheduled. */
  #adopt(entry: MonitoredBackend, backend: DirectoryBackend, pool: DirectoryPool): boolean {
    const wasKeptOut = entry.isKeptOut;
    const { intervalMs } = entry.check;
    entry.backend = backend;
    entry.check = pool.policy.healthCheck;
    this.#pools.get(pool.name)?.tally.count(backend, entry.state.health, 1);
    if (!entry.isChecked) {
      this.#stopChecking(entry);
      this.#step(entry, whyNotChecked(entry));
      return false;
    }
    if (wasKeptOut) this.#step(entry, { type: 'enabled' });
    const isWaiting = entry.running !== null || this.#schedule.dueMs(backend.row) !== null;
    // A shorter interval takes effect at once, not after the longer one that is running.
    return !isWaiting || entry.check.intervalMs < intervalMs;
  }

  #remove(entry: MonitoredBackend): void {
    this.#cancel(entry);
    const { row, generation } = entry.backend;
    // Its row may belong to another backend already; then the schedule's entry does too.
    if (this.#backends.has(row)) return;
    this.#schedule.remove(row);
    this.#removed.set(row, { generation, sinceMs: this.#inputs.clock.wallMs() });
  }

  #stopChecking(entry: MonitoredBackend): void {
    this.#schedule.remove(entry.backend.row);
    this.#cancel(entry);
  }

  #cancel(entry: MonitoredBackend): void {
    if (!entry.running) return;
    entry.cancelCheck();
    this.#countRunning(entry, -1);
  }

  #countRunning({ backend }: MonitoredBackend, change: 1 | -1): void {
    this.#running += change;
    const pool = this.#pools.get(backend.pool);
    if (pool) pool.running += change;
  }

  #scheduleIn(entry: MonitoredBackend, delayMs: number): void {
    if (entry.running) return;
    const dueMs = this.#inputs.clock.nowMs() + delayMs;
    const { row, pool } = entry.backend;
    this.#schedule.set(row, Math.min(dueMs, this.#schedule.dueMs(row) ?? dueMs), pool);
  }

  /** Starts what is due and arms the timer for what comes next. */
  #startDue(): void {
    this.#timer?.cancel();
    this.#timer = null;
    const { clock } = this.#inputs;
    const mayStart = (pool: string) =>
      hasShare(this.#pools.get(pool)?.running ?? 0, MAX_RUNNING - this.#running);
    while (this.#running < MAX_RUNNING) {
      const row = this.#schedule.takeDue(clock.nowMs(), mayStart);
      if (row === null) break;
      const entry = this.#backends.get(row);
      if (entry) this.#start(entry);
    }
    const nextMs = this.#schedule.nextDueMs();
    // At the maximum, this is called again when a check ends.
    if (nextMs === null || this.#running >= MAX_RUNNING) return;
    this.#timer = clock.after(Math.max(0, nextMs - clock.nowMs()), () => this.#startDue());
  }

  #start(entry: MonitoredBackend): void {
    const { checker, clock } = this.#inputs;
    this.#countRunning(entry, 1);
    entry.startedMs = clock.nowMs();
    entry.running = checker.check(entry.backend, entry.check, (result) => this.#finish(entry, result));
  }

  #finish(entry: MonitoredBackend, result: CheckResult): void {
    entry.running = null;
    this.#countRunning(entry, -1);
    // The cell may say so although the worker died before its message was sent.
    if (!this.#noticeEjection(entry, 'failed connects in a row')) this.#evaluate(entry, result);
    this.#publishPanic(this.#pools.get(entry.backend.pool));
    const { clock, random } = this.#inputs;
    const sinceStartMs = clock.nowMs() - entry.startedMs;
    this.#scheduleIn(entry, Math.max(0, nextDelayMs(entry.state, entry.check, random) - sinceStartMs));
    this.#startDue();
  }

  #evaluate(entry: MonitoredBackend, result: CheckResult): void {
    if (result.type === 'shortage') {
      this.#step(entry, { type: 'postponed', reason: result.reason });
      this.#publishShortage(result.reason);
    } else if (result.type !== 'inconclusive') {
      entry.inconclusive = 0;
      this.#step(entry, result);
    } else if (++entry.inconclusive > MAX_INCONCLUSIVE) {
      this.#step(entry, { type: 'failed', reason: result.reason });
    }
  }

  #publishShortage(reason: string): void {
    const nowMs = this.#inputs.clock.nowMs();
    if (nowMs - this.#shortageMs < SHORTAGE_EVERY_MS) return;
    this.#shortageMs = nowMs;
    this.#inputs.changes.publish({ type: 'shortage', reason });
  }

  /** Reads an ejection from the cell. Whether there was one that the machine did not know. */
  #noticeEjection(entry: MonitoredBackend, reason: string): boolean {
    if (!entry.noticeEjection()) return false;
    // A check that began before the ejection says nothing about the time after it.
    this.#cancel(entry);
    this.#step(entry, entry.isChecked ? { type: 'ejected', reason } : whyNotChecked(entry));
    this.#moveEpoch(entry);
    if (entry.isChecked) {
      this.#scheduleIn(entry, nextDelayMs(entry.state, entry.check, this.#inputs.random));
    }
    return true;
  }

  #step(entry: MonitoredBackend, event: HealthEvent): void {
    const from = entry.state.health;
    const hasCellChanged = entry.step(event, this.#inputs.clock.wallMs());
    if (hasCellChanged) this.#moveEpoch(entry);
    const { health: to, reason } = entry.state;
    if (from === to) return;
    const { pool, address } = entry.backend;
    const tally = this.#pools.get(pool)?.tally;
    tally?.count(entry.backend, from, -1);
    tally?.count(entry.backend, to, 1);
    this.#inputs.changes.publish({ type: 'transition', pool, address, from, to, reason });
  }

  #moveEpoch(entry: MonitoredBackend): void {
    const pool = this.#pools.get(entry.backend.pool);
    if (pool) Atomics.add(this.#inputs.shared.poolEpoch, pool.row, 1);
  }

  #publishPanic(pool: MonitoredPool | undefined): void {
    if (!pool || pool.tally.alarm === pool.alarmed) return;
    pool.alarmed = pool.tally.alarm;
    this.#inputs.changes.publish({ type: 'panic', pool: pool.name, on: pool.alarmed });
  }
}

function whyNotChecked({ backend }: MonitoredBackend): HealthEvent {
  if (backend.state === 'disabled') return { type: 'disabled' };
  return backend.leadsBack === null
    ? { type: 'unchecked' }
    : { type: 'leads-back', reason: backend.leadsBack };
}
