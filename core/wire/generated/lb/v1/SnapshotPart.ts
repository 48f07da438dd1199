// Original file: proto/lb/v1/discovery_service.proto

import type { SnapshotResource as _lb_v1_SnapshotResource, SnapshotResource__Output as _lb_v1_SnapshotResource__Output } from '../../lb/v1/SnapshotResource.ts';
import type { SnapshotEnd as _lb_v1_SnapshotEnd, SnapshotEnd__Output as _lb_v1_SnapshotEnd__Output } from '../../lb/v1/SnapshotEnd.ts';

/**
 * A part of a delta, about 1 MiB at most. Parts of one delta share a nonce and arrive in order.
 */
export interface SnapshotPart {
  'nonce'?: (string);
  /**
   * First part: the hash of the snapshot that this is a delta to; empty: to nothing, forget what you have.
   */
  'baseHash'?: (string);
  /**
   * New or changed. Policies, pools (without backends), backends, listeners.
   */
  'upserts'?: (_lb_v1_SnapshotResource)[];
  /**
   * Keys as in SnapshotResource.
   */
  'removals'?: (string)[];
  /**
   * Last part only.
   */
  'end'?: (_lb_v1_SnapshotEnd | null);
}

/**
 * A part of a delta, about 1 MiB at most. Parts of one delta share a nonce and arrive in order.
 */
export interface SnapshotPart__Output {
  'nonce': (string);
  /**
   * First part: the hash of the snapshot that this is a delta to; empty: to nothing, forget what you have.
   */
  'baseHash': (string);
  /**
   * New or changed. Policies, pools (without backends), backends, listeners.
   */
  'upserts': (_lb_v1_SnapshotResource__Output)[];
  /**
   * Keys as in SnapshotResource.
   */
  'removals': (string)[];
  /**
   * Last part only.
   */
  'end': (_lb_v1_SnapshotEnd__Output | null);
}
