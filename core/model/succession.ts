/**
 * Stores that take the place of others, because an operator said so (`lbctl store adopt`). Pure.
 *
 * Invariants
 *  - adopting gives a store a new id and says which ids it replaces, its own former one first: so whoever runs anything of
 *    those may go to it, from whatever revision, and never back;
 *  - what a store replaces only grows, and stands in its head: one look tells.
 */
import type { Commit, Head } from './commit.ts';

/** Whether what came from the store `storeId` may go on with this one. */
export function takesPlaceOf(head: Head, storeId: string): boolean {
  return head.storeId === storeId || (head.replaces?.includes(storeId) ?? false);
}

/** The id that the first commit of its log is tied to. */
export function originOf({ storeId, replaces }: Head): string {
  return replaces?.[0] ?? storeId;
}

/** The head once `commits` follow it. */
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
