/**
 * Brings a snapshot to everything that runs by it: disk, workers, health checks, metrics, drain deadlines, reports.
 *
 * Invariants
 *  - one snapshot at a time; one that can't be run changes nothing, and every reason is returned;
 *  - it is on disk, under another name, before any worker runs it, and takes its name before `apply` resolves: what
 *    was acknowledged is what the next process starts with.
 */
import type { Snapshot } from '../core/model/snapshot.ts';
import type { Violation } from '../core/model/violation.ts';
import type { Clock } from '../core/runtime/clock.ts';
import { messageOf } from '../core/runtime/errors.ts';
import type { Logger } from '../core/runtime/logger.ts';
import type { HealthMonitor } from './health/health-monitor.ts';
import { buildPlan } from './plan/build-plan.ts';
import { planDifference } from './plan/plan-difference.ts';
import type { BuiltPlan } from './plan/plan-directory.ts';
import type { ConfigStatus } from './subscription/config-status.ts';
import { type StagedSnapshot, stageSnapshotFile } from './subscription/snapshot-file.ts';
import type { FailedListener } from './telemetry/observation.ts';
import type { Observer } from './telemetry/observer.ts';
import type { RowAllocator } from './telemetry/rows.ts';
import type { DrainDeadlines } from './worker/drain-deadlines.ts';
import type { PlanApplier } from './worker/plan-applier.ts';

export interface SnapshotApplierInputs {
  readonly stateDir: string;
  readonly rows: RowAllocator;
  readonly planApplier: Pick<PlanApplier, 'apply'>;
  readonly observer: Pick<Observer, 'run'>;
  readonly health: Pick<HealthMonitor, 'update'>;
  readonly drains: Pick<DrainDeadlines, 'update'>;
  readonly status: ConfigStatus;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class SnapshotApplier {
  readonly #inputs: SnapshotApplierInputs;
  #sequence = 0;
  #running: BuiltPlan | null = null;
  #failed: readonly FailedListener[] = [];

  constructor(inputs: SnapshotApplierInputs) {
    this.#inputs = inputs;
  }

  /** Runs a snapshot and keeps it on disk. Returns why it can't be run; empty: it runs. */
  async apply(snapshot: Snapshot): Promise<readonly Violation[]> {
    const { clock, stateDir } = this.#inputs;
    const built = this.#build(snapshot);
    if (!built.ok) return built.violations;
    let staged: StagedSnapshot;
    try {
      staged = await stageSnapshotFile(stateDir, { snapshot, savedAtMs: clock.wallMs() });
    } catch (error) {
      return [unsaved(stateDir, error)];
    }
    await this.#run(built.built);
    try {
      await staged.keep();
    } catch (error) {
      // It runs already. Refusing it all the same tells the operator; acknowledging would promise a restart with it.
      return [unsaved(stateDir, error)];
    }
    this.#tell(snapshot, false);
    return [];
  }

  /** Runs a snapshot that was read from disk. Returns why it can't be run; empty: it runs. */
  async resume(snapshot: Snapshot): Promise<readonly Violation[]> {
    const built = this.#build(snapshot);
    if (!built.ok) return built.violations;
    await this.#run(built.built);
    this.#tell(snapshot, true);
    return [];
  }

  /** Other listeners can't be bound than before. */
  listenersFailed(failed: readonly FailedListener[]): void {
    const { logger, status } = this.#inputs;
    for (const now of failed) {
      const before = this.#failed.find(({ address }) => address === now.address);
      if (before?.reason !== now.reason)
        logger.warn({ ...now }, 'a listener cannot be bound; it is tried again');
    }
    for (const { listener, address } of this.#failed) {
      const stillFails = failed.some((now) => now.address === address);
      if (!stillFails)
        logger.info({ listener, address }, 'a listener that could not be bound is bound, or gone');
    }
    this.#failed = failed;
    status.failedListeners(failed);
  }

  /** Takes back rows that nothing uses any more. */
  sweep(): void {
    if (this.#running) this.#inputs.rows.sweep(this.#running.plan.sequence);
  }

  #build(snapshot: Snapshot) {
    this.#sequence += 1;
    const { rows } = this.#inputs;
    return buildPlan({ snapshot, sequence: this.#sequence, rows, previous: this.#running });
  }

  async #run(built: BuiltPlan): Promise<void> {
    const { planApplier, observer, health, drains } = this.#inputs;
    const { failedListeners } = await planApplier.apply(built.plan);
    const difference = planDifference(this.#running, built);
    this.#running = built;
    observer.run(built.directory);
    health.update(built.directory);
    drains.update(difference);
    this.sweep();
    this.listenersFailed(failedListeners);
  }

  #tell(snapshot: Snapshot, fromDisk: boolean): void {
    const { logger, status } = this.#inputs;
    status.applied(snapshot, fromDisk);
    const { revision } = snapshot.position;
    logger.info({ revision, resources: snapshot.entries.size, from_disk: fromDisk }, 'running a snapshot');
  }
}

function unsaved(stateDir: string, error: unknown): Violation {
  const description = `the snapshot could not be saved in ${stateDir}: ${messageOf(error)}; make room there, or mend its permissions`;
  return { field: '', description };
}
