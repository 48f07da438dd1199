// Original file: proto/lb/v1/pool_service.proto

import type { Backend as _lb_v1_Backend, Backend__Output as _lb_v1_Backend__Output } from '../../lb/v1/Backend.ts';

export interface AddBackendsRequest {
  'pool'?: (string);
  'backends'?: (_lb_v1_Backend)[];
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface AddBackendsRequest__Output {
  'pool': (string);
  'backends': (_lb_v1_Backend__Output)[];
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
