// Original file: proto/lb/v1/discovery_service.proto

import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from '../../lb/v1/Position.ts';

export interface Subscribe {
  'proxyId'?: (string);
  /**
   * The newest wire format the proxy can read; this is 1.
   */
  'format'?: (number);
  /**
   * What it runs. Unset: nothing yet.
   */
  'position'?: (_lb_v1_Position | null);
  /**
   * Hash of the snapshot it runs; see SnapshotEnd.
   */
  'snapshotHash'?: (string);
}

export interface Subscribe__Output {
  'proxyId': (string);
  /**
   * The newest wire format the proxy can read; this is 1.
   */
  'format': (number);
  /**
   * What it runs. Unset: nothing yet.
   */
  'position': (_lb_v1_Position__Output | null);
  /**
   * Hash of the snapshot it runs; see SnapshotEnd.
   */
  'snapshotHash': (string);
}
