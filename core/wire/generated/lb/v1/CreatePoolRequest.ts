// Original file: proto/lb/v1/pool_service.proto

import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from '../../lb/v1/Pool.ts';

export interface CreatePoolRequest {
  'pool'?: (_lb_v1_Pool | null);
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface CreatePoolRequest__Output {
  'pool': (_lb_v1_Pool__Output | null);
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
