/**
 * Stores that replace others because an operator decided so (`lbctl store adopt`). Pure.
 *
 * Invariants
 *  - adopting gives a store a new id and lists the ids that it replaces, its own former one first: a proxy that runs a
 *    configuration of one of those may move to it, from any revision, and never back;
 *  - the list only grows, and is part of the head, so that no history has to be read for it.
 */
import type { Commit, Head } from './commit.ts';

/** Whether a proxy with a configuration of the store `storeId` may continue with this one. */
export function takesPlaceOf(head: Head, storeId: string): boolean {
  return head.storeId === storeId || (head.replaces?.includes(storeId) ?? false);
}

/** The id that the hash of the log's first commit depends on. */
export function originOf({ storeId, replaces }: Head): string {
  return replaces?.[0] ?? storeId;
}

/** The head after `commits`. */
export function headAfter(
  head: Head,
  commits: readonly Pick<Commit, 'revision' | 'hash' | 'changes'>[],
): Head {
  let { storeId, revision, hash, replaces } = head;
  for (const commit of commits) {
    ({ revision, hash } = commit);
    for (const change of commit.changes) {
      if (change.op !== 'adopt') continue;
      ({ storeId } = change);
      replaces = [...(replaces ?? []), ...change.replaces];
    }
  }
  return { storeId, revision, hash, ...(replaces && { replaces }) };
}
