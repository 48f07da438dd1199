/** A part of a delta as it arrives, and the parts that are collected, within bounds, until the last one is there. */
import type { Position } from '../../core/model/commit.ts';
import type { SnapshotEntry } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { SnapshotPart__Output } from '../../core/wire/generated/lb/v1/SnapshotPart.ts';
import { positionFromWire, snapshotEntryFromWire } from '../../core/wire/snapshot-codec.ts';

/** Parts carry about 1 MiB each, so this is far above the largest snapshot; a peer that sends more is broken. */
const MAX_PARTS = 1_000;
/** Upserts and removals of one delta: every row of shared memory twice over. */
const MAX_ITEMS = 100_000;

export interface DeltaPart {
  readonly nonce: string;
  /** In the first part: the hash of the delta's base; empty: the delta starts from nothing. */
  readonly baseHash: string;
  readonly upserts: readonly SnapshotEntry[];
  /** Keys. */
  readonly removals: readonly string[];
  /** In the last part alone. */
  readonly end: DeltaEnd | null;
  /** What could not be read. */
  readonly violations: readonly Violation[];
}

export interface DeltaEnd {
  readonly position: Position;
  readonly snapshotHash: string;
  readonly format: number;
}

/** Parts of one delta so far. */
export interface CollectedParts {
  readonly nonce: string;
  readonly parts: readonly DeltaPart[];
  readonly items: number;
  /** The delta is beyond the bounds: no parts are kept, and it is refused when it ends. */
  readonly tooLarge: boolean;
}

export function deltaPartFromWire(wire: SnapshotPart__Output): DeltaPart {
  const violations: Violation[] = [];
  const upserts: SnapshotEntry[] = [];
  for (const resource of wire.upserts) {
    const entry = snapshotEntryFromWire(resource, violations);
    if (entry) upserts.push(entry);
  }
  const { nonce, baseHash, removals } = wire;
  return { nonce, baseHash, upserts, removals, end: endFromWire(wire.end, violations), violations };
}

function endFromWire(end: SnapshotPart__Output['end'], violations: Violation[]): DeltaEnd | null {
  if (!end) return null;
  if (!end.position) violations.push({ field: 'end.position', description: 'is missing' });
  const position = end.position
    ? positionFromWire(end.position)
    : { storeId: '', version: 0, revision: 0, hash: '' };
  return { position, snapshotHash: end.snapshotHash, format: end.format };
}

/** Adds a part. One with another nonce starts over: the replica gave up the delta before. */
export function collect(collected: CollectedParts | null, part: DeltaPart): CollectedParts {
  const before = collected?.nonce === part.nonce ? collected : null;
  const items = (before?.items ?? 0) + part.upserts.length + part.removals.length + part.violations.length;
  const parts = before?.parts ?? [];
  const tooLarge = before?.tooLarge === true || items > MAX_ITEMS || parts.length >= MAX_PARTS;
  return { nonce: part.nonce, parts: tooLarge ? [] : [...parts, part], items, tooLarge };
}
