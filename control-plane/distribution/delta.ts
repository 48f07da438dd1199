/**
 * The difference between what a proxy has and what it should have, in parts that fit a message.
 *
 * Invariants
 *  - pure; applying all parts to the base gives the target, hash included;
 *  - a delta without a base carries the whole target and tells the proxy to drop what it had;
 *  - only the first part names the base, only the last part carries the end, and a delta has at least one part.
 */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot, SnapshotEntry } from '../../core/model/snapshot.ts';

interface DeltaEnd {
  readonly position: Position;
  readonly snapshotHash: string;
}

export interface DeltaPart {
  /** Hash of the snapshot that the delta applies to; empty: to none. */
  readonly baseHash: string;
  readonly upserts: readonly SnapshotEntry[];
  /** Keys. */
  readonly removals: readonly string[];
  readonly end: DeltaEnd | null;
}

/** A whole delta, not split yet. */
export interface Delta extends DeltaPart {
  readonly end: DeltaEnd;
}

/** What turns `base` into `target`; everything, if there is no base. */
export function delta(base: Snapshot | null, target: Snapshot): Delta {
  const upserts: SnapshotEntry[] = [];
  for (const [key, entry] of target.entries) {
    if (base?.entries.get(key)?.hash !== entry.hash) upserts.push(entry);
  }
  const removals = base === null ? [] : [...base.entries.keys()].filter((key) => !target.entries.has(key));
  const end = { position: target.position, snapshotHash: target.hash };
  return { baseHash: base?.hash ?? '', upserts, removals, end };
}

/** Splits a delta into parts of about `maxBytes` on the wire. Only a part with a single large resource is larger. */
export function splitDelta(whole: Delta, maxBytes: number): readonly DeltaPart[] {
  const parts: { upserts: SnapshotEntry[]; removals: string[] }[] = [];
  let bytes = Number.POSITIVE_INFINITY;
  const partFor = (size: number) => {
    let part = parts.at(-1);
    if (part === undefined || bytes + size > maxBytes) {
      part = { upserts: [], removals: [] };
      parts.push(part);
      bytes = 0;
    }
    bytes += size;
    return part;
  };
  for (const key of whole.removals) partFor(key.length + KEY_OVERHEAD_BYTES).removals.push(key);
  for (const entry of whole.upserts) partFor(wireBytes(entry)).upserts.push(entry);
  if (parts.length === 0) parts.push({ upserts: [], removals: [] });
  return parts.map((part, index) => ({
    ...part,
    baseHash: index === 0 ? whole.baseHash : '',
    end: index === parts.length - 1 ? whole.end : null,
  }));
}

const KEY_OVERHEAD_BYTES = 4;

/** An upper estimate. Keys and names are ASCII, and all but a health check takes less than 240 bytes. */
function wireBytes({ key, hash, resource }: SnapshotEntry): number {
  // A character of JSON has three bytes at most.
  const texts = resource.kind === 'policy' ? 3 * JSON.stringify(resource.value.healthCheck).length : 0;
  return 2 * key.length + hash.length + 280 + texts;
}
