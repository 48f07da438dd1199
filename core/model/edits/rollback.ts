/**
 * Rollback: the configuration as it was at an earlier revision, as changes of the newest state.
 *
 * Invariants
 *  - a backend that exists keeps its state, since that belongs to operation; one that is restored gets the state that it
 *    had; a note lists the backends that this concerns;
 *  - all or nothing: a configuration that is no longer valid is refused whole, with every violation.
 */
import type { Change } from '../commit.ts';
import { DEFAULT_POLICY_NAME } from '../defaults.ts';
import type { Edit } from './edit.ts';
import { type Kind, nameOf } from '../resources.ts';
import type { State, StoredPool } from '../state.ts';
import { decide, put, refuse } from './decide.ts';

/** Backends whose state does not follow from the configuration alone. */
interface Notes {
  readonly kept: string[];
  readonly broughtBack: string[];
}

/** Backends listed in one note; the others are counted. */
const MAX_NAMED = 10;

/** The edit that restores the configuration of `then`. */
export function rollbackTo(then: State): Edit {
  return (now) => {
    const notes: Notes = { kept: [], broughtBack: [] };
    const changes = [
      ...policyChanges(then, now),
      ...[...then.pools.values()].flatMap((pool) => poolChanges(pool, now.pools.get(pool.value.name), notes)),
      ...[...then.listeners].flatMap(([name, { value }]) =>
        put({ kind: 'listener', value }, now.listeners.get(name)),
      ),
      ...deletes('listener', now.listeners, then.listeners),
      ...deletes('pool', now.pools, then.pools),
      ...deletes('policy', now.policies, then.policies),
    ];
    const result = decide(now, changes);
    if (result.ok) return { ...result, notes: describe(notes, then.head.revision) };
    const { violations } = result.refusal;
    const message = `Revision ${then.head.revision} can't be restored: it has ${violations.length} ${violations.length === 1 ? 'violation' : 'violations'} today; nothing was changed. Apply the parts that you need instead.`;
    return refuse('FAILED_PRECONDITION', message, violations);
  };
}

/** The built-in policy as delivered comes back by being deleted, so that its revision is 0 again. */
function policyChanges(then: State, now: State): Change[] {
  return [...then.policies].flatMap(([name, { value, revision }]) => {
    const changes = put({ kind: 'policy', value }, now.policies.get(name));
    const asDelivered = name === DEFAULT_POLICY_NAME && revision === 0;
    return asDelivered && changes.length > 0 ? [{ op: 'delete', kind: 'policy', name }] : changes;
  });
}

function poolChanges(then: StoredPool, now: StoredPool | undefined, notes: Notes): Change[] {
  const changes = put({ kind: 'pool', value: then.value }, now);
  for (const [address, { value }] of then.backends) {
    const existing = now?.backends.get(address);
    const state = existing?.value.state ?? value.state;
    const name = nameOf({ kind: 'backend', value });
    if (state !== value.state) notes.kept.push(`${name} (${state}, was ${value.state})`);
    if (existing === undefined && state !== 'active') notes.broughtBack.push(`${name} (${state})`);
    changes.push(...put({ kind: 'backend', value: { ...value, state } }, existing));
  }
  for (const [address, { value }] of now?.backends ?? []) {
    if (then.backends.has(address)) continue;
    changes.push({ op: 'delete', kind: 'backend', name: nameOf({ kind: 'backend', value }) });
  }
  return changes;
}

function deletes(
  kind: Kind,
  now: ReadonlyMap<string, unknown>,
  then: ReadonlyMap<string, unknown>,
): Change[] {
  return [...now.keys()].filter((name) => !then.has(name)).map((name) => ({ op: 'delete', kind, name }));
}

function describe({ kept, broughtBack }: Notes, revision: number): string[] {
  const notes: string[] = [];
  if (kept.length > 0) {
    notes.push(`a rollback does not change the state of existing backends; these were kept: ${listed(kept)}`);
  }
  if (broughtBack.length > 0) {
    notes.push(
      `these backends were restored with the state that they had at revision ${revision}: ${listed(broughtBack)}`,
    );
  }
  return notes;
}

function listed(names: readonly string[]): string {
  const more = names.length - MAX_NAMED;
  return names.slice(0, MAX_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
