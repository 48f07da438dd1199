/**
 * The next step of a follower, decided without I/O: may this head and these commits come after that state?
 *
 * Invariant: a state only ever moves along one history: the same store, each revision after the one before, each hash
 * over the one before it; or to the beginning of a store that takes the place of it (core/model/succession.ts). Everything
 * else is a reason to stand still and say so.
 */
import type { Commit, Head, Position } from '../../../core/model/commit.ts';
import { takesPlaceOf } from '../../../core/model/succession.ts';
import { commitHash } from '../../../core/model/hash.ts';
import type { State } from '../../../core/model/state.ts';

/** A state and where it stands. */
export interface FollowedState {
  readonly state: State;
  readonly position: Position;
}

/** How to come from what is known to a head. */
export type CatchUpPlan =
  | { readonly type: 'refuse'; readonly doubt: string }
  /** Its state is the one that is known. */
  | { readonly type: 'stay'; readonly state: State }
  /** `base`: what to go on from; null: everything is read anew. */
  | { readonly type: 'read'; readonly base: FollowedState | null };

export function planCatchUp(known: FollowedState | null, head: Position): CatchUpPlan {
  if (known === null) return { type: 'read', base: null };
  const { state, position } = known;
  const doubt = whyNotSameHistory(position, head);
  if (doubt !== undefined) return { type: 'refuse', doubt };
  if (isSuccession(position, head)) return { type: 'read', base: null };
  return head.revision === position.revision ? { type: 'stay', state } : { type: 'read', base: known };
}

/** Why `head` is not a continuation of what was `known` when the read of it began; undefined when it is one. */
function whyNotSameHistory(known: Position, head: Position): string | undefined {
  if (isSuccession(known, head)) return undefined;
  if (head.storeId !== known.storeId) {
    return `it is another store now (id ${head.storeId}, before ${known.storeId}): it was wiped, or replaced`;
  }
  if (head.revision < known.revision || head.version < known.version) {
    return `it went back from revision ${known.revision} to ${head.revision} (version ${known.version} to ${head.version}): it was restored from a backup`;
  }
  if (head.revision === known.revision && head.hash !== known.hash) {
    return `its revision ${head.revision} is another one than it was: its history was replaced`;
  }
  return undefined;
}

/** An operator made the store take the place of the one that was known: everything of it is read anew. */
function isSuccession(known: Position, head: Position): boolean {
  return head.storeId !== known.storeId && takesPlaceOf(head, known.storeId);
}

/** Why `commits` do not continue the history that ends in `head`; undefined when they do. */
export function whyNotContinuation(head: Head, commits: readonly Commit[]): string | undefined {
  let { revision, hash } = head;
  for (const commit of commits) {
    if (commit.revision !== revision + 1)
      return `after revision ${revision} comes ${commit.revision}: its log has a hole`;
    if (commit.parent !== hash)
      return `revision ${commit.revision} does not follow revision ${revision}: its history was replaced`;
    if (commitHash(commit) !== commit.hash)
      return `revision ${commit.revision} is not what its hash says: it is damaged`;
    ({ revision, hash } = commit);
  }
  return undefined;
}
