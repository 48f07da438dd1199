/**
 * Knows the health of all backends: has them checked, writes their health into shared memory and publishes each change.
 * Main thread.
 *
 * Invariants
 *  - a backend keeps its state from plan to plan as long as its row and generation stay the same;
 *  - after each change of a `health` or `rampTenths` cell the epoch of its pool grows;
 *  - the result of a check that began before an ejection is ignored;
 *  - early closes never take out the last healthy backend of a tier: the worker that asks sees less than this.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Random } from '../../core/runtime/random.ts';
import {
  type DirectoryBackend,
  type DirectoryPool,
  type PlanDirectory,
  takesConnections,
} from '../plan/plan-directory.ts';
import type { SharedCells } from '../memory/shared-memory.ts';
import type { Checker, CheckResult } from './checker.ts';
import type { HealthChanges } from './health-changes.ts';
import type { HealthEvent, HealthState } from './health-machine.ts';
import { MonitoredBackend } from './monitored-backend.ts';
import { MonitoredPool, type ServingState } from './monitored-pool.ts';
import { Prober, questionOf } from './prober.ts';
import { firstDelayMs, intervalMs } from './scheduler.ts';
import { SlowStarts } from './slow-start.ts';

/** While a shortage lasts, it is published this often. */
const SHORTAGE_EVERY_MS = 60_000;

export interface HealthMonitorInputs {
  readonly shared: Pick<SharedCells, 'health' | 'failures' | 'rampTenths' | 'poolEpoch'>;
  readonly checker: Checker;
  /** Checks at once, of all pools. Each may take a descriptor. */
  readonly atOnce: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly changes: HealthChanges;
  /** Other backends of a pool may serve now than before. By row of the pool. */
  onPoolMoved(pool: number): void;
}

export class HealthMonitor {
  readonly #inputs: HealthMonitorInputs;
  /** By row. */
  #backends = new Map<number, MonitoredBackend>();
  /** By row, until the row is given away: when its backend was removed. */
  readonly #removed = new Map<number, { readonly generation: number; readonly sinceMs: number }>();
  /** By name. */
  #pools = new Map<string, MonitoredPool>();
  readonly #prober: Prober;
  readonly #slowStarts: SlowStarts;
  /** When a shortage was last published. */
  #shortageMs = Number.NEGATIVE_INFINITY;

  constructor(inputs: HealthMonitorInputs) {
    this.#inputs = inputs;
    this.#prober = new Prober({
      ...inputs,
      onResult: (entry, result, startedMs) => this.#checked(entry, result, startedMs),
    });
    this.#slowStarts = new SlowStarts({
      ...inputs,
      poolOf: ({ backend }) => this.#pools.get(backend.pool),
    });
  }

  /** The workers run another plan. */
  update(directory: PlanDirectory): void {
    const before = this.#backends;
    const poolsBefore = this.#pools;
    this.#backends = new Map();
    this.#pools = new Map();
    const due: MonitoredBackend[] = [];
    for (const pool of directory.pools) {
      this.#pools.set(pool.name, new MonitoredPool(pool, poolsBefore.get(pool.name)));
      for (const backend of pool.backends) {
        const known = before.get(backend.row);
        const keeps = known?.backend.generation === backend.generation;
        if (keeps) before.delete(backend.row);
        this.#removed.delete(backend.row);
        const entry = keeps ? known : this.#add(backend, pool);
        this.#backends.set(backend.row, entry);
        if (this.#adopt(entry, backend, pool)) due.push(entry);
      }
    }
    for (const gone of before.values()) this.#remove(gone);
    for (const entry of due)
      this.#prober.within(entry, firstDelayMs(due.length, entry.check, this.#inputs.random));
    for (const pool of this.#pools.values()) this.#publishState(pool);
  }

  /** A worker says that it took a backend out. */
  ejected(row: number, generation: number, reason: string, cause?: 'early_closes'): void {
    const entry = this.#backends.get(row);
    if (entry?.backend.generation !== generation) return;
    const pool = this.#pools.get(entry.backend.pool);
    const up = pool?.tier(entry.backend.tier).up ?? 0;
    const others = entry.state.health === 'healthy' ? up - 1 : up;
    if (cause === 'early_closes' && others === 0) {
      if (entry.reinstate()) this.#moveEpoch(entry);
      return;
    }
    this.#noticeEjection(entry, { type: 'ejected', reason, cause });
    this.#publishState(pool);
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

  /** Whether it is known which backends of a pool can serve: first checks that are under way can't change that. */
  isSettled(pool: string): boolean {
    return this.#pools.get(pool)?.isSettled ?? true;
  }

  /** By pool, for all pools. */
  poolStates() {
    const states = new Map<string, ServingState & Pick<MonitoredPool, 'policy' | 'checks'>>();
    for (const { name, state, policy, checks } of this.#pools.values())
      if (state) states.set(name, { ...state, policy, checks });
    return states;
  }

  /** Those that have several tiers, or nothing healthy, as was last published. */
  reportedPools(): ReadonlyMap<string, ServingState> {
    const states = new Map<string, ServingState>();
    for (const { name, published } of this.#pools.values())
      if (published?.hasTiers || published?.noneHealthy) states.set(name, published);
    return states;
  }

  /** How many backends lead back to a listener, and would get connections if they did not. */
  leadingBack(): number {
    const all = [...this.#backends.values()];
    return all.filter(({ backend }) => backend.leadsBack !== null).length;
  }

  close(): void {
    this.#prober.close();
    this.#slowStarts.close();
    this.#backends.clear();
  }

  #add(backend: DirectoryBackend, pool: DirectoryPool): MonitoredBackend {
    const { shared, clock } = this.#inputs;
    const entry = new MonitoredBackend(backend, pool, shared, clock.wallMs());
    Atomics.add(shared.poolEpoch, pool.row, 1);
    return entry;
  }

  /** Updates an entry to its configuration. Returns whether a first check is to be scheduled. */
  #adopt(entry: MonitoredBackend, backend: DirectoryBackend, pool: DirectoryPool): boolean {
    const wasKeptOut = entry.isKeptOut;
    const tookConnections = takesConnections(entry.backend);
    const { check: checkBefore, proxyProtocol: headerBefore } = entry;
    entry.backend = backend;
    entry.check = pool.policy.healthCheck;
    entry.proxyProtocol = pool.proxyProtocol;
    if (!tookConnections && takesConnections(backend) && entry.state.health === 'healthy')
      this.#comesUp(entry);
    this.#count(entry, entry.state.health, 1);
    if (!entry.isChecked) {
      this.#prober.unwatch(entry);
      this.#step(entry, whyNotChecked(entry));
      return false;
    }
    if (wasKeptOut) this.#step(entry, { type: 'enabled' });
    const { check, state } = entry;
    const isSame = check === checkBefore && pool.proxyProtocol === headerBefore;
    const before = { backend, check: checkBefore, proxyProtocol: headerBefore };
    if (!isSame && questionOf(entry) !== questionOf(before)) this.#step(entry, { type: 'check-changed' });
    const nowMs = this.#inputs.clock.nowMs();
    // A shorter interval takes effect at once, not after the longer one that is running.
    return (
      this.#prober.watch(entry) || intervalMs(state, check, nowMs) < intervalMs(state, checkBefore, nowMs)
    );
  }

  #remove(entry: MonitoredBackend): void {
    this.#prober.unwatch(entry);
    this.#slowStarts.forget(entry);
    const { row, generation } = entry.backend;
    // Its row may belong to another backend already.
    if (this.#backends.has(row)) return;
    this.#removed.set(row, { generation, sinceMs: this.#inputs.clock.wallMs() });
  }

  /** What a check says of one of the backends that it was made for. */
  #checked(entry: MonitoredBackend, result: CheckResult, startedMs: number): void {
    const pool = this.#pools.get(entry.backend.pool);
    if (pool) pool.checks[result.type] += 1;
    // The cell may say so although the worker died before its message was sent.
    const isNew = this.#noticeEjection(entry, { type: 'ejected', reason: 'failed connects in a row' });
    if (!isNew && startedMs > entry.ejectedMs) this.#evaluate(entry, result);
    this.#publishState(pool);
  }

  #evaluate(entry: MonitoredBackend, result: CheckResult): void {
    if (result.type === 'shortage') {
      this.#step(entry, { type: 'postponed', reason: result.reason });
      this.#publishShortage(result.reason);
    } else if (result.type !== 'inconclusive') {
      this.#step(entry, result);
    }
  }

  #publishShortage(reason: string): void {
    const nowMs = this.#inputs.clock.nowMs();
    if (nowMs - this.#shortageMs < SHORTAGE_EVERY_MS) return;
    this.#shortageMs = nowMs;
    this.#inputs.changes.publish({ type: 'shortage', reason });
  }

  /** Whether the cell holds an ejection that the machine did not know. */
  #noticeEjection(entry: MonitoredBackend, event: HealthEvent): boolean {
    const isNew = entry.noticeEjection(this.#inputs.clock.nowMs());
    if (!isNew && !(event.type === 'ejected' && event.cause)) return false;
    this.#step(entry, entry.isChecked ? event : whyNotChecked(entry));
    this.#moveEpoch(entry);
    this.#prober.within(entry, intervalMs(entry.state, entry.check, this.#inputs.clock.nowMs()));
    return isNew;
  }

  #step(entry: MonitoredBackend, event: HealthEvent): void {
    const { changes, clock } = this.#inputs;
    const from = entry.state.health;
    entry.step(event, { wallMs: clock.wallMs(), nowMs: clock.nowMs() });
    const { health: to, reason } = entry.state;
    if (from !== to && to === 'healthy') this.#comesUp(entry);
    if (entry.publish()) this.#moveEpoch(entry);
    if (from === to) return;
    this.#count(entry, from, -1);
    this.#count(entry, to, 1);
    const { pool, address } = entry.backend;
    const isExpected = this.#pools.get(pool)?.isAsExpected ?? false;
    changes.publish({ type: 'transition', pool, address, from, to, reason, isExpected });
  }

  #comesUp(entry: MonitoredBackend): void {
    const nowMs = this.#inputs.clock.nowMs();
    const tier = this.#pools.get(entry.backend.pool)?.tier(entry.backend.tier);
    this.#slowStarts.cameUp(entry, nowMs - (tier?.upSinceMs ?? nowMs));
  }

  #count({ backend }: MonitoredBackend, health: HealthState['health'], change: 1 | -1): void {
    this.#pools.get(backend.pool)?.count(backend, health, change, this.#inputs.clock.nowMs());
  }

  #moveEpoch(entry: MonitoredBackend): void {
    const pool = this.#pools.get(entry.backend.pool);
    if (!pool) return;
    Atomics.add(this.#inputs.shared.poolEpoch, pool.row, 1);
    this.#inputs.onPoolMoved(pool.row);
  }

  #publishState(pool: MonitoredPool | undefined): void {
    const { changes, clock } = this.#inputs;
    for (const change of pool?.refresh(clock.wallMs()) ?? []) changes.publish(change);
  }
}

function whyNotChecked({ backend }: MonitoredBackend): HealthEvent {
  if (backend.state === 'disabled') return { type: 'disabled' };
  return backend.leadsBack === null
    ? { type: 'unchecked' }
    : { type: 'leads-back', reason: backend.leadsBack };
}
