/** Builds one plan after the other from resources, as a proxy does. */
import assert from 'node:assert/strict';
import type { Resource } from '../../core/model/resources.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { RowAllocator } from '../../data-plane/memory/row-allocator.ts';
import { createBuffers, type SharedBuffers } from '../../data-plane/memory/shared-memory.ts';
import { buildPlan, type PlanResult } from '../../data-plane/plan/build-plan.ts';
import type { BuiltPlan, DirectoryBackend } from '../../data-plane/plan/plan-directory.ts';
import type { Whereabouts } from '../../data-plane/plan/loops.ts';
import { snapshot } from '../snapshots.ts';

export class Planner {
  readonly rows: RowAllocator;
  /** Where the addresses of the next plan lead. */
  whereabouts: Whereabouts = { isOwn: () => false, fleet: new Set(), unbound: new Set() };
  #sequence = 0;
  #built: BuiltPlan | null = null;

  constructor(buffers: SharedBuffers = createBuffers(1)) {
    this.rows = new RowAllocator(buffers);
  }

  /** A plan that is not run. Its revision is ten times its sequence number. */
  tryBuild(...resources: readonly Resource[]): PlanResult {
    return this.#build(snapshot((this.#sequence + 1) * 10, ...resources));
  }

  /** The next plan, which runs from now on. */
  build(...resources: readonly Resource[]): BuiltPlan {
    return this.buildFrom(snapshot((this.#sequence + 1) * 10, ...resources));
  }

  buildFrom(from: Snapshot): BuiltPlan {
    const result = this.#build(from);
    assert.ok(result.ok, JSON.stringify(result));
    this.#built = result.built;
    return result.built;
  }

  /** Takes back the rows that neither the plan that runs nor any connection uses. */
  sweep(): void {
    this.rows.sweep(this.built.plan.sequence);
  }

  /** The plan that runs. */
  get built(): BuiltPlan {
    assert.ok(this.#built, 'nothing was applied yet');
    return this.#built;
  }

  get backends(): readonly DirectoryBackend[] {
    return this.#built?.directory.pools.flatMap(({ backends }) => backends) ?? [];
  }

  backend(address: string): DirectoryBackend {
    const found = this.backends.find((each) => each.address === address);
    assert.ok(found, `${address} is in no pool`);
    return found;
  }

  #build(from: Snapshot): PlanResult {
    this.#sequence += 1;
    const { rows, whereabouts } = this;
    return buildPlan({ snapshot: from, sequence: this.#sequence, rows, previous: this.#built, whereabouts });
  }
}
