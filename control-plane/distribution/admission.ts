/**
 * "Never backwards": may this replica send to a proxy that says it runs `claimed`? Pure.
 *
 * A proxy that ran a later version, another store or another history keeps what it has, and both sides say so.
 */
import type { Position } from '../../core/model/commit.ts';
import { takesPlaceOf } from '../../core/model/succession.ts';

export type Admission =
  | { readonly verdict: 'admitted' }
  /** Not decided: the replica must read its store again, or look up the hash of the proxy's revision. */
  | { readonly verdict: 'look'; readonly behind: boolean }
  | {
      readonly verdict: 'withheld';
      readonly reason: 'REASON_REPLICA_BEHIND' | 'REASON_STORE_MISMATCH';
      readonly detail: string;
    };

/** What the replica found in its store, at this proxy's request. */
export interface Look {
  /** Where the store stands now. */
  readonly replica: Position;
  /** The hash of the commit at the proxy's revision; null when the log no longer or not yet has it. */
  readonly hashAtRevision: string | null;
}

/** Decides on the replica's own position, and on `look` once it has been asked for. */
export function admit(claimed: Position | null, replica: Position, look: Look | null): Admission {
  if (claimed === null) return { verdict: 'admitted' };
  if (claimed.storeId !== replica.storeId) {
    if (takesPlaceOf(replica, claimed.storeId)) return { verdict: 'admitted' };
    return mismatch(
      `the proxy runs the configuration of store ${claimed.storeId}, this replica has store ${replica.storeId}`,
    );
  }
  if (claimed.revision > replica.revision || claimed.version > replica.version) {
    if (look === null) return { verdict: 'look', behind: true };
    const detail = `the proxy runs revision ${claimed.revision} (version ${claimed.version}), this store has only revision ${replica.revision} (version ${replica.version}); if it was restored, an operator has to accept it (lbctl store adopt)`;
    return { verdict: 'withheld', reason: 'REASON_REPLICA_BEHIND', detail };
  }
  const known = claimed.revision === replica.revision ? replica.hash : look?.hashAtRevision;
  if (known === undefined) return { verdict: 'look', behind: false };
  // Null: the log was trimmed before that revision, so there is nothing left to compare with.
  if (known === null || known === claimed.hash) return { verdict: 'admitted' };
  return mismatch(
    `revision ${claimed.revision} of the proxy (${shorten(claimed.hash)}) is not this store's (${shorten(known)}): it was restored, or its history was replaced`,
  );
}

function mismatch(what: string): Admission {
  const detail = `${what}; nothing is sent until an operator accepts the store (lbctl store adopt)`;
  return { verdict: 'withheld', reason: 'REASON_STORE_MISMATCH', detail };
}

const shorten = (hash: string) => hash.slice(0, 12);
