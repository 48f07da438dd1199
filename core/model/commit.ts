/**
 * A commit: one entry of the log in the store. Folding the log gives the state (fold.ts).
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
  /** From here on the store has another id and replaces other stores (store-succession.ts). */
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
  /** Hash of the request, so that a request_id that is used again for something else is noticed. */
  readonly requestDigest: string;
  readonly changes: readonly Change[];
}

/** The end of a log. */
export interface Head {
  readonly storeId: string;
  readonly revision: number;
  readonly hash: string;
  /** The ids of the stores that it replaces, its own first id in front. Absent: it replaces none. */
  readonly replaces?: readonly string[];
}

/** A head and the store's version when it was read. Every change of the store increases the version. */
export interface Position extends Head {
  readonly version: number;
}
