// Original file: proto/lb/v1/report_service.proto

import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from '../../lb/v1/Position.ts';
import type { FailedListener as _lb_v1_FailedListener, FailedListener__Output as _lb_v1_FailedListener__Output } from '../../lb/v1/FailedListener.ts';
import type { RejectedSnapshot as _lb_v1_RejectedSnapshot, RejectedSnapshot__Output as _lb_v1_RejectedSnapshot__Output } from '../../lb/v1/RejectedSnapshot.ts';

export interface AppliedSnapshot {
  /**
   * What all workers run. Unset: nothing yet.
   */
  'position'?: (_lb_v1_Position | null);
  'snapshotHash'?: (string);
  /**
   * Addresses that can't be bound on this host right now; everything else of the snapshot applies.
   */
  'failedListeners'?: (_lb_v1_FailedListener)[];
  /**
   * The newest snapshot that was refused, until a later one is applied.
   */
  'rejected'?: (_lb_v1_RejectedSnapshot | null);
  /**
   * It was read from disk and no control plane has confirmed it since.
   */
  'fromDisk'?: (boolean);
  /**
   * No control plane has stood by it for ten seconds or more: the proxy has none to take its configuration from.
   */
  'stale'?: (boolean);
}

export interface AppliedSnapshot__Output {
  /**
   * What all workers run. Unset: nothing yet.
   */
  'position': (_lb_v1_Position__Output | null);
  'snapshotHash': (string);
  /**
   * Addresses that can't be bound on this host right now; everything else of the snapshot applies.
   */
  'failedListeners': (_lb_v1_FailedListener__Output)[];
  /**
   * The newest snapshot that was refused, until a later one is applied.
   */
  'rejected': (_lb_v1_RejectedSnapshot__Output | null);
  /**
   * It was read from disk and no control plane has confirmed it since.
   */
  'fromDisk': (boolean);
  /**
   * No control plane has stood by it for ten seconds or more: the proxy has none to take its configuration from.
   */
  'stale': (boolean);
}
