/**
 * Brings a snapshot to everything that runs by it: disk, workers, health checks, metrics, drain deadlines, reports.
 *
 * Invariants
 *  - one snapshot at a time; what was acknowledged is what the next process starts with;
 *  - a snapshot is what the next process starts with before any worker runs it: a proxy that is killed between two
 *    workers never goes back;
 *  - no worker runs a snapshot that can't be saved;
 *  - a new listener takes no client before it is known whether its pool can serve, for a few seconds at most. A snapshot
 *    is acknowledged after that; at the start from disk nothing else waits for it.
 */
import type { Snapshot } from '../core/model/snapshot.ts';
import type { Violation } from '../core/model/violation.ts';
import { type Clock, sleep } from '../core/runtime/clock.ts';
import { messageOf } from '../core/runtime/errors.ts';
import type { Logger } from '../core/runtime/logger.ts';
import type { HealthMonitor } from './health/health-monitor.ts';
import type { RowAllocator } from './memory/row-allocator.ts';
import { buildPlan, type PlanResult } from './plan/build-plan.ts';
import type { Whereabouts } from './plan/loops.ts';
import { planDifference } from './plan/plan-difference.ts';
import type { BuiltPlan, FailedListener, PlanDirectory } from './plan/plan-directory.ts';
import type { ConfigStatus } from './subscription/config-status.ts';
import type { TemporaryViolation } from './subscription/subscription-state.ts';
import { stageSnapshotFile } from './subscription/snapshot-file.ts';
import type { BackendClosings } from './worker/pool/backend-closings.ts';
import type { PlanApplier } from './worker/pool/plan-applier.ts';

/** How often it is looked whether the first checks that new listeners wait for are over. */
const LOOK_MS = 20;
/** Three seconds. They are not measured: a process that stood still would give up before it reads what has come. */
const MAX_LOOKS = 150;

/** Reads counts or records by row, and needs each plan to know whose they are. */
interface RowReader {
  /** The workers run another plan. */
  run(directory: PlanDirectory): void;
  /** Rows are about to be reused: read what belongs to their present owners. */
  settle(): void;
}

export interface SnapshotApplierInputs {
  readonly stateDir: string;
  readonly rows: RowAllocator;
  readonly whereabouts: Pick<Whereabouts, 'isOwn' | 'fleet'>;
  readonly planApplier: Pick<PlanApplier, 'apply' | 'listen'>;
  readonly readers: readonly RowReader[];
  readonly health: Pick<HealthMonitor, 'update' | 'isSettled'>;
  readonly closings: Pick<BackendClosings, 'update'>;
  readonly status: ConfigStatus;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class SnapshotApplier {
  readonly #inputs: SnapshotApplierInputs;
  #sequence = 0;
  #running: BuiltPlan | null = null;
  #snapshot: Snapshot | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #failed: readonly FailedListener[] = [];
  #hasOpened = false;

  constructor(inputs: SnapshotApplierInputs) {
    this.#inputs = inputs;
  }

  /** Runs a snapshot and keeps it on disk. Returns why it can't be run; empty: it runs. */
  apply(snapshot: Snapshot): Promise<readonly Violation[]> {
    return this.#inTurn(() => this.#apply(snapshot, false));
  }

  /** Runs a snapshot that was read from disk. Returns why it can't be run; empty: it runs. */
  resume(snapshot: Snapshot): Promise<readonly Violation[]> {
    return this.#inTurn(() => this.#apply(snapshot, true));
  }

  /** The first snapshot runs, and its listeners wait for first checks. */
  get isOpening(): boolean {
    return this.#running !== null && !this.#hasOpened;
  }

  /** Runs the same snapshot again: addresses in it lead elsewhere now. */
  async whereaboutsChanged(): Promise<void> {
    try {
      await this.#inTurn(async () => {
        const snapshot = this.#snapshot;
        if (!snapshot) return;
        const result = this.#build(snapshot);
        if (!result.ok) return;
        await this.#run(snapshot, result.built);
        await this.#open();
      });
    } catch (error) {
      const words = 'backends that lead elsewhere now could not be brought to the workers';
      this.#inputs.logger.error({ error: messageOf(error) }, words);
    }
  }

  async #apply(snapshot: Snapshot, fromDisk: boolean): Promise<readonly Violation[]> {
    const result = this.#build(snapshot);
    if (!result.ok) return result.violations;
    const unsaved = fromDisk ? null : await this.#save(snapshot);
    if (unsaved) return [unsaved];
    await this.#run(snapshot, result.built);
    this.#snapshot = snapshot;
    if (fromDisk) void this.#inTurn(() => this.#open());
    else await this.#open();
    this.#inputs.status.applied(snapshot, fromDisk);
    const { position, entries } = snapshot;
    this.#inputs.logger.info(
      { revision: position.revision, resources: entries.size, from_disk: fromDisk },
      'running a snapshot',
    );
    return [];
  }

  #build(snapshot: Snapshot, failed = this.#failed): PlanResult {
    this.#sequence += 1;
    // What was removed and has no connection any more makes room.
    this.sweep();
    const { rows, whereabouts } = this.#inputs;
    const unbound = new Set(failed.map(({ address }) => address));
    return buildPlan({
      snapshot,
      sequence: this.#sequence,
      rows,
      previous: this.#running,
      whereabouts: { isOwn: whereabouts.isOwn, fleet: whereabouts.fleet, unbound },
    });
  }

  /** Makes a snapshot the one that the next process starts with. Null, or why it can't be saved. */
  async #save(snapshot: Snapshot): Promise<TemporaryViolation | null> {
    const { clock, stateDir } = this.#inputs;
    try {
      const staged = await stageSnapshotFile(stateDir, { snapshot, savedAtMs: clock.wallMs() });
      await staged.keep();
      return null;
    } catch (error) {
      const reason = messageOf(error);
      const description = `the snapshot could not be saved in ${stateDir}: ${reason}; free some space there or fix the permissions; the proxy will try again`;
      return { field: '', description, temporary: true };
    }
  }

  async #run(snapshot: Snapshot, first: BuiltPlan): Promise<void> {
    const { planApplier, readers, health, closings } = this.#inputs;
    let built = first;
    let expected = this.#failed;
    const { failedListeners } = await planApplier.apply(built.plan, (failed) => {
      // A backend on the address of a listener that does not run here does not lead back: what listens there is not this proxy.
      const again = isSameAddresses(failed, expected) ? null : this.#build(snapshot, failed);
      if (again?.ok) [built, expected] = [again.built, failed];
      return built.plan;
    });
    const difference = planDifference(this.#running, built);
    this.#running = built;
    for (const reader of readers) reader.run(built.directory);
    // Before the health, which changes with the plan: then it is known which backends lead back.
    closings.update(difference, built.directory);
    health.update(built.directory);
    this.sweep();
    this.#inputs.status.ownBackends(built.directory.ownBackends);
    this.listenersFailed(failedListeners, expected);
  }

  /** Has new listeners listen, once it is known whether their pools can serve. To be called after each `#run`. */
  async #open(): Promise<void> {
    const { clock, health, planApplier } = this.#inputs;
    let looks = MAX_LOOKS;
    const isReady = (pool: string) => looks === 0 || health.isSettled(pool);
    for (; !(await planApplier.listen(isReady)); looks -= 1) await sleep(clock, LOOK_MS);
    this.#hasOpened = true;
  }

  /** Takes back rows that nothing uses any more. */
  sweep(): void {
    for (const reader of this.#inputs.readers) reader.settle();
    if (this.#running) this.#inputs.rows.sweep(this.#running.plan.sequence);
  }

  /** These listeners can't run here now; the others do. The plan that runs was built for those that are `expected` to fail. */
  listenersFailed(failed: readonly FailedListener[], expected = this.#failed): void {
    const { logger, status } = this.#inputs;
    for (const now of failed) {
      const before = this.#failed.find(({ address }) => address === now.address);
      if (before?.reason !== now.reason)
        logger.warn({ ...now }, 'a listener cannot run here; the proxy will try again');
    }
    for (const { listener, address } of this.#failed) {
      const stillFails = failed.some((now) => now.address === address);
      if (!stillFails)
        logger.info({ listener, address }, 'a listener that could not run here runs now, or was removed');
    }
    this.#failed = failed;
    status.failedListeners(failed);
    if (!isSameAddresses(failed, expected)) void this.whereaboutsChanged();
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#last.then(action);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

function isSameAddresses(some: readonly FailedListener[], others: readonly FailedListener[]): boolean {
  const textOf = (failed: readonly FailedListener[]) => failed.map(({ address }) => address).join();
  return textOf(some) === textOf(others);
}
