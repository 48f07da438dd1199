/** A delta applied without asking whether it fits: what the product must never do. */
import type { Snapshot, SnapshotEntry } from '../../core/model/snapshot.ts';
import type { DeltaPart } from '../../data-plane/subscription/delta-part.ts';

export function applyPlain(
  base: Snapshot | null,
  parts: readonly DeltaPart[],
): ReadonlyMap<string, SnapshotEntry> {
  const entries = new Map(base?.entries);
  for (const { removals, upserts } of parts) {
    for (const key of removals) entries.delete(key);
    for (const entry of upserts) entries.set(entry.key, entry);
  }
  return entries;
}
