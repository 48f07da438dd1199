/**
 * State → snapshot: every resource of one revision with its content hash.
 *
 * Invariants
 *  - pure: equal states give equal snapshots at every replica;
 *  - an entry is made once for each immutable value, so a revision that changes one backend of 10,000 hashes one backend,
 *    and unchanged entries are the same objects in every snapshot.
 */
import type { Position } from '../../core/model/commit.ts';
import { contentHash, snapshotHash } from '../../core/model/hash.ts';
import { keyOf, type Resource } from '../../core/model/resources.ts';
import type { Snapshot, SnapshotEntry } from '../../core/model/snapshot.ts';
import { resourcesOf, type State } from '../../core/model/state.ts';

/** Entries by their value. Only a cache: it changes what a build costs, never what it returns. */
const entriesByValue = new WeakMap<Resource['value'], SnapshotEntry>();

export function buildSnapshot(state: State, position: Position): Snapshot {
  const entries = [...resourcesOf(state)].map(entryOf);
  entries.sort((a, b) => (a.key < b.key ? -1 : 1));
  return {
    position,
    hash: snapshotHash(entries),
    entries: new Map(entries.map((entry) => [entry.key, entry])),
  };
}

function entryOf(resource: Resource): SnapshotEntry {
  const known = entriesByValue.get(resource.value);
  if (known !== undefined) return known;
  const entry: SnapshotEntry = { key: keyOf(resource), hash: contentHash(resource), resource };
  entriesByValue.set(resource.value, entry);
  return entry;
}
