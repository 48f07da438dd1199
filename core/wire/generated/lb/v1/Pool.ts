// Original file: proto/lb/v1/resources.proto

import type { Backend as _lb_v1_Backend, Backend__Output as _lb_v1_Backend__Output } from '../../lb/v1/Backend.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * A set of backends that serve the same thing.
 */
export interface Pool {
  /**
   * Unique among pools.
   */
  'name'?: (string);
  /**
   * Name of a policy. Default: `default`.
   */
  'policy'?: (string);
  /**
   * No address twice.
   */
  'backends'?: (_lb_v1_Backend)[];
  /**
   * Output: the commit that last changed the pool or one of its backends.
   */
  'revision'?: (number | string | Long);
}

/**
 * A set of backends that serve the same thing.
 */
export interface Pool__Output {
  /**
   * Unique among pools.
   */
  'name': (string);
  /**
   * Name of a policy. Default: `default`.
   */
  'policy': (string);
  /**
   * No address twice.
   */
  'backends': (_lb_v1_Backend__Output)[];
  /**
   * Output: the commit that last changed the pool or one of its backends.
   */
  'revision': (string);
}
