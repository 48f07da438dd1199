/** Positions and snapshot entries ⇄ the wire. */
import type { Position } from '../model/commit.ts';
import type { SnapshotEntry } from '../model/snapshot.ts';
import type { Violation } from '../model/violation.ts';
import type { Position as WirePosition, Position__Output } from './generated/lb/v1/Position.ts';
import type { SnapshotResource, SnapshotResource__Output } from './generated/lb/v1/SnapshotResource.ts';
import { resourceFromWire, resourceToWire } from './resource-codec.ts';

export function positionToWire(position: Position): WirePosition {
  return {
    storeId: position.storeId,
    version: String(position.version),
    revision: String(position.revision),
    hash: position.hash,
    replaces: [...(position.replaces ?? [])],
  };
}

export function positionFromWire(wire: Position__Output): Position {
  return {
    storeId: wire.storeId,
    version: Number(wire.version),
    revision: Number(wire.revision),
    hash: wire.hash,
    ...(wire.replaces.length > 0 && { replaces: wire.replaces }),
  };
}

export function snapshotEntryToWire(entry: SnapshotEntry): SnapshotResource {
  return { key: entry.key, hash: entry.hash, resource: resourceToWire(entry.resource) };
}

/** Undefined, with a violation, when the entry is empty. Hashes are checked where the snapshot is assembled. */
export function snapshotEntryFromWire(
  wire: SnapshotResource__Output,
  violations: Violation[],
): SnapshotEntry | undefined {
  if (!wire.resource) {
    violations.push({ field: wire.key, description: 'has no resource' });
    return undefined;
  }
  const resource = resourceFromWire(wire.resource, wire.key, violations);
  return resource && { key: wire.key, hash: wire.hash, resource };
}
