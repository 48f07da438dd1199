// Original file: proto/lb/v1/discovery_service.proto

import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from '../../lb/v1/Position.ts';

export interface SnapshotEnd {
  /**
   * The revision and version that the snapshot was built from.
   */
  'position'?: (_lb_v1_Position | null);
  /**
   * Hex SHA-256 over "KEY HASH\n" of every resource of the snapshot, sorted by key. The proxy must arrive at the same.
   */
  'snapshotHash'?: (string);
  /**
   * Wire format of this snapshot. A proxy that doesn't know it sends Nack.
   */
  'format'?: (number);
}

export interface SnapshotEnd__Output {
  /**
   * The revision and version that the snapshot was built from.
   */
  'position': (_lb_v1_Position__Output | null);
  /**
   * Hex SHA-256 over "KEY HASH\n" of every resource of the snapshot, sorted by key. The proxy must arrive at the same.
   */
  'snapshotHash': (string);
  /**
   * Wire format of this snapshot. A proxy that doesn't know it sends Nack.
   */
  'format': (number);
}
