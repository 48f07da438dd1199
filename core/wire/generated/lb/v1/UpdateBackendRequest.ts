// Original file: proto/lb/v1/pool_service.proto

import type { Backend as _lb_v1_Backend, Backend__Output as _lb_v1_Backend__Output } from '../../lb/v1/Backend.ts';

export interface UpdateBackendRequest {
  'pool'?: (string);
  /**
   * ABORTED when backend.revision is set and stale.
   */
  'backend'?: (_lb_v1_Backend | null);
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface UpdateBackendRequest__Output {
  'pool': (string);
  /**
   * ABORTED when backend.revision is set and stale.
   */
  'backend': (_lb_v1_Backend__Output | null);
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
