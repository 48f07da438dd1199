/**
 * "Never backwards": may this replica send snapshots to a proxy that runs the position `claimed`? Pure.
 *
 * A proxy that ran a later version, another store or another history keeps what it has, and both sides report it.
 */
import type { Position } from '../../core/model/commit.ts';
import { takesPlaceOf } from '../../core/model/store-succession.ts';

export type Admission =
  | { readonly verdict: 'admitted' }
  /** Not decided: the store must be read for the hash of the proxy's revision, or read again if the proxy may be ahead. */
  | { readonly verdict: 'read-store'; readonly proxyAhead: boolean }
  | {
      readonly verdict: 'withheld';
      readonly reason: 'REASON_REPLICA_BEHIND' | 'REASON_STORE_MISMATCH';
      readonly detail: string;
    };

/** What was read from the store to judge a proxy's position. */
export interface StoreReading {
  /** The newest position in the store. */
  readonly replica: Position;
  /** The hash of the commit at the proxy's revision; null when the log no longer has it, or not yet. */
  readonly hashAtRevision: string | null;
}

/** Decides from the replica's position, and from `reading` once the store has been read. */
export function admit(claimed: Position | null, replica: Position, reading: StoreReading | null): Admission {
  if (claimed === null) return { verdict: 'admitted' };
  if (claimed.storeId !== replica.storeId) {
    if (takesPlaceOf(replica, claimed.storeId)) return { verdict: 'admitted' };
    return mismatch(
      `the proxy runs the configuration of store ${claimed.storeId}, but this replica has store ${replica.storeId}`,
    );
  }
  if (claimed.revision > replica.revision || claimed.version > replica.version) {
    if (reading === null) return { verdict: 'read-store', proxyAhead: true };
    const detail = `the proxy runs revision ${claimed.revision} (version ${claimed.version}), but this store has only revision ${replica.revision} (version ${replica.version}); if the store was restored from a backup, an operator must accept it (lbctl store adopt)`;
    return { verdict: 'withheld', reason: 'REASON_REPLICA_BEHIND', detail };
  }
  const known = claimed.revision === replica.revision ? replica.hash : reading?.hashAtRevision;
  if (known === undefined) return { verdict: 'read-store', proxyAhead: false };
  // Null: the log was trimmed past that revision, so nothing is left to compare with.
  if (known === null || known === claimed.hash) return { verdict: 'admitted' };
  return mismatch(
    `revision ${claimed.revision} of the proxy (${shorten(claimed.hash)}) differs from this store's (${shorten(known)}): the store was restored, or its history was replaced`,
  );
}

function mismatch(what: string): Admission {
  const detail = `${what}; nothing is sent until an operator accepts the store (lbctl store adopt)`;
  return { verdict: 'withheld', reason: 'REASON_STORE_MISMATCH', detail };
}

const shorten = (hash: string) => hash.slice(0, 12);
