// Original file: proto/lb/v1/pool_service.proto

import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from '../../lb/v1/Pool.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from '../../google/protobuf/FieldMask.ts';

export interface UpdatePoolRequest {
  'pool'?: (_lb_v1_Pool | null);
  /**
   * Paths such as `strategy` or `health_check.interval`. Empty: the whole resource.
   */
  'updateMask'?: (_google_protobuf_FieldMask | null);
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface UpdatePoolRequest__Output {
  'pool': (_lb_v1_Pool__Output | null);
  /**
   * Paths such as `strategy` or `health_check.interval`. Empty: the whole resource.
   */
  'updateMask': (_google_protobuf_FieldMask__Output | null);
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
