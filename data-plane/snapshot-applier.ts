/**
 * Brings a snapshot to everything that runs by it: disk, workers, health checks, metrics, drain deadlines, reports.
 *
 * Invariant: one snapshot at a time, in the order of steps that apply-machine.ts decides; what was acknowledged is what
 * the next process starts with.
 */
import type { Snapshot } from '../core/model/snapshot.ts';
import type { Violation } from '../core/model/violation.ts';
import type { Clock } from '../core/runtime/clock.ts';
import { messageOf } from '../core/runtime/errors.ts';
import type { Logger } from '../core/runtime/logger.ts';
import { type ApplyEffect, type ApplyEvent, openApply, stepApply } from './apply-machine.ts';
import type { HealthMonitor } from './health/health-monitor.ts';
import { buildPlan } from './plan/build-plan.ts';
import { planDifference } from './plan/plan-difference.ts';
import type { BuiltPlan } from './plan/plan-directory.ts';
import type { ConfigStatus } from './subscription/config-status.ts';
import type { PassingViolation } from './subscription/passing-violation.ts';
import { type StagedSnapshot, stageSnapshotFile } from './subscription/snapshot-file.ts';
import type { FailedListener } from './plan/plan-directory.ts';
import type { Observer } from './telemetry/observer.ts';
import type { RowAllocator } from './memory/row-allocator.ts';
import type { DrainDeadlines } from './worker/pool/drain-deadlines.ts';
import type { PlanApplier } from './worker/pool/plan-applier.ts';

export interface SnapshotApplierInputs {
  readonly stateDir: string;
  readonly rows: RowAllocator;
  readonly planApplier: Pick<PlanApplier, 'apply'>;
  readonly observer: Pick<Observer, 'run' | 'settle'>;
  readonly health: Pick<HealthMonitor, 'update'>;
  readonly drains: Pick<DrainDeadlines, 'update'>;
  readonly status: ConfigStatus;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One snapshot on its way. */
interface Work {
  readonly snapshot: Snapshot;
  readonly built: BuiltPlan;
  staged: StagedSnapshot | null;
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
  apply(snapshot: Snapshot): Promise<readonly Violation[]> {
    return this.#bring(snapshot, false);
  }

  /** Runs a snapshot that was read from disk. Returns why it can't be run; empty: it runs. */
  resume(snapshot: Snapshot): Promise<readonly Violation[]> {
    return this.#bring(snapshot, true);
  }

  async #bring(snapshot: Snapshot, fromDisk: boolean): Promise<readonly Violation[]> {
    const built = this.#build(snapshot);
    if (!built.ok) return built.violations;
    const work: Work = { snapshot, built: built.built, staged: null };
    let { state, effect } = openApply(fromDisk);
    while (effect.type !== 'done') {
      ({ state, effect } = stepApply(state, await this.#perform(effect, work)));
    }
    if (effect.violations.length === 0) this.#tell(snapshot, fromDisk);
    return effect.violations;
  }

  async #perform(effect: Exclude<ApplyEffect, { type: 'done' }>, work: Work): Promise<ApplyEvent> {
    const { clock, stateDir } = this.#inputs;
    if (effect.type === 'run') {
      await this.#run(work.built);
      return { type: 'ran' };
    }
    try {
      if (effect.type === 'keep') {
        await work.staged?.keep();
        return { type: 'kept' };
      }
      work.staged = await stageSnapshotFile(stateDir, {
        snapshot: work.snapshot,
        savedAtMs: clock.wallMs(),
      });
      return { type: 'staged' };
    } catch (error) {
      return { type: 'unsaved', violation: unsaved(stateDir, error) };
    }
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
    this.#inputs.observer.settle();
    if (this.#running) this.#inputs.rows.sweep(this.#running.plan.sequence);
  }

  #build(snapshot: Snapshot) {
    this.#sequence += 1;
    const { observer, rows } = this.#inputs;
    observer.settle();
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

function unsaved(stateDir: string, error: unknown): PassingViolation {
  const description = `the snapshot could not be saved in ${stateDir}: ${messageOf(error)}; make room there, or mend its permissions: it is tried again`;
  return { field: '', description, passing: true };
}
