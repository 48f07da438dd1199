/** Stores that are wiped, copied, restored and adopted in any order: nobody goes back, and all can follow the one adopted last. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type FollowedState, planCatchUp } from '../../../../control-plane/store/log/catch-up-plan.ts';
import type { Commit, Position } from '../../../../core/model/commit.ts';
import { adoptStore } from '../../../../core/model/edits/adopt.ts';
import { createPool } from '../../../../core/model/edits/pool.ts';
import type { Edit } from '../../../../core/model/edits/edit.ts';
import { applyCommit, applyCommits, emptyState } from '../../../../core/model/fold.ts';
import { originOf } from '../../../../core/model/store-succession.ts';
import type { State } from '../../../../core/model/state.ts';
import { backwardViolations } from '../../../../data-plane/subscription/never-backwards.ts';
import { changesOf, commitOn } from '../../../../harness/state.ts';

/** One place where a store is kept, such as an etcd. */
interface Kept {
  readonly state: State;
  readonly commits: readonly Commit[];
  readonly version: number;
}

class World {
  readonly kept: Kept[] = [];
  /** Every position that any store ever had: a replica may be late, and a store may come back. */
  readonly positions: { readonly position: Position; readonly state: State }[] = [];
  #made = 0;
  #replica: FollowedState | null = null;
  #proxy: Position | null = null;
  readonly #left = { replica: new Set<string>(), proxy: new Set<string>() };

  constructor() {
    this.wipe(0);
    this.wipe(1);
  }

  wipe(at: number): void {
    this.#keep(at, { state: emptyState(`s${this.#made++}`), commits: [], version: 1 });
  }

  commit(at: number, edit: Edit = createPool({ name: `p${this.#made++}`, backends: [] })): void {
    const { state, commits, version } = this.#at(at);
    const commit = commitOn(state, changesOf(state, edit), `r${this.#made++}`);
    this.#keep(at, {
      state: applyCommit(state, commit),
      commits: [...commits, commit],
      version: version + 1,
    });
  }

  adopt(at: number): void {
    const ids = [this.#replica?.position.storeId, this.#proxy?.storeId];
    const replaces = ids.filter((id) => id !== undefined);
    this.commit(at, adoptStore({ storeId: `s${this.#made++}`, replaces, force: true }));
  }

  /** A backup of one store, of any age, in the place of another. */
  restore(from: number, to: number, drop: number): void {
    const { state, commits } = this.#at(from);
    const rest = commits.slice(0, Math.max(0, commits.length - drop));
    const restored = applyCommits(emptyState(originOf(state.head)), rest);
    this.#keep(to, { state: restored, commits: rest, version: 1 + rest.length });
  }

  /** A replica reads a store, as it is or as it was. */
  read(index: number): void {
    const { position, state } = this.positions[index % this.positions.length] ?? assert.fail();
    const plan = planCatchUp(this.#replica, position);
    if (plan.type === 'refuse') return;
    this.#moved('replica', this.#replica?.position, position);
    this.#replica = { state, position };
  }

  /** A proxy is sent whatever some replica may have read. */
  send(index: number): void {
    const { position } = this.positions[index % this.positions.length] ?? assert.fail();
    if (backwardViolations(this.#proxy, position).length > 0) return;
    this.#moved('proxy', this.#proxy ?? undefined, position);
    this.#proxy = position;
  }

  /** Both are at the newest position of this place. */
  follow(at: number): void {
    this.adopt(at);
    const newest = this.positions.length - 1;
    this.read(newest);
    this.send(newest);
    const { head } = this.#at(at).state;
    assert.deepEqual([this.#replica?.position.hash, this.#proxy?.hash], [head.hash, head.hash]);
  }

  #moved(who: 'replica' | 'proxy', from: Position | undefined, to: Position): void {
    const left = this.#left[who];
    assert.ok(!left.has(to.storeId), `the ${who} goes back to ${to.storeId}`);
    if (from === undefined) return;
    if (from.storeId !== to.storeId) left.add(from.storeId);
    else {
      assert.ok(to.revision >= from.revision && to.version >= from.version, `the ${who} goes back`);
      if (to.revision === from.revision) assert.equal(to.hash, from.hash);
    }
  }

  #at(at: number): Kept {
    return this.kept[at] ?? assert.fail();
  }

  #keep(at: number, kept: Kept): void {
    this.kept[at] = kept;
    this.positions.push({ position: { ...kept.state.head, version: kept.version }, state: kept.state });
  }
}

const place = fc.nat(1);
const any = fc.nat(100);
const step: fc.Arbitrary<(world: World) => void> = fc.oneof(
  place.map((at) => (world: World) => world.commit(at)),
  place.map((at) => (world: World) => world.adopt(at)),
  place.map((at) => (world: World) => world.wipe(at)),
  fc.tuple(place, place, fc.nat(3)).map(
    ([from, to, drop]) =>
      (world: World) =>
        world.restore(from, to, drop),
  ),
  any.map((index) => (world: World) => world.read(index)),
  any.map((index) => (world: World) => world.send(index)),
);

describe('a store that was wiped, restored, copied or replaced', () => {
  it('takes nobody back, in any order of adoptions, and the one adopted last takes everybody', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), place, (steps, last) => {
        const world = new World();
        for (const one of steps) one(world);
        world.follow(last);
      }),
      { numRuns: 1_000 },
    );
  });
});
