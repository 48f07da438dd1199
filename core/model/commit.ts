/**
 * A commit: one entry of the log that is the store. The state is the fold of the log (fold.ts).
 *
 * Invariants
 *  - revisions are 1, 2, 3, ... without holes;
 *  - `hash` covers everything else in the commit, `parent` included, so equal hashes mean equal histories;
 *  - the first commit's parent is `genesisHash(storeId)`, which ties the history to its store.
 */
import type { Kind, Resource } from './resources.ts';

/** The newest format of commits and snapshots that this program writes and reads. */
export const FORMAT = 1;

export type Change =
  | { readonly op: 'put'; readonly resource: Resource }
  /** Deleting a pool deletes its backends. */
  | { readonly op: 'delete'; readonly kind: Kind; readonly name: string }
  /** From here on the store has another id, and takes the place of others (succession.ts). */
  | { readonly op: 'adopt'; readonly storeId: string; readonly replaces: readonly string[] };

export interface Commit {
  readonly format: number;
  readonly revision: number;
  readonly parent: string;
  readonly hash: string;
  /** Milliseconds since 1970, by the clock of the replica that wrote it. */
  readonly timeMs: number;
  readonly author: string;
  readonly message: string;
  readonly requestId: string;
  /** Hash of what was asked, so that a request_id used again for something else is noticed. */
  readonly requestDigest: string;
  readonly changes: readonly Change[];
}

/** Where a log ends. */
export interface Head {
  readonly storeId: string;
  readonly revision: number;
  readonly hash: string;
  /** The ids of the stores that it takes the place of, the first one its own at first. Absent: of none. */
  readonly replaces?: readonly string[];
}

/** A head, and the store's version at which it was read: versions grow with every change of the store. */
export interface Position extends Head {
  readonly version: number;
}
