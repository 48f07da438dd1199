/**
 * A snapshot: every resource of one revision, each with its content hash, as it is sent to the proxies.
 * Built by control-plane/snapshot/build-snapshot.ts, rebuilt from deltas by data-plane/subscription/.
 *
 * Invariants
 *  - immutable; `entries` is sorted by key;
 *  - `hash` is a function of the entries' keys and hashes alone (see snapshotHash in hash.ts);
 *  - the built-in policy `default` is always among the entries.
 */
import type { Position } from './commit.ts';
import type { Resource } from './resources.ts';

export interface SnapshotEntry {
  readonly key: string;
  readonly hash: string;
  readonly resource: Resource;
}

export interface Snapshot {
  readonly position: Position;
  readonly hash: string;
  /** By key, in sorted order. */
  readonly entries: ReadonlyMap<string, SnapshotEntry>;
}
