// Original file: proto/lb/v1/resources.proto

import type { Backend as _lb_v1_Backend, Backend__Output as _lb_v1_Backend__Output } from '../../lb/v1/Backend.ts';

/**
 * A backend with the name of its pool.
 */
export interface PoolBackend {
  'pool'?: (string);
  'backend'?: (_lb_v1_Backend | null);
}

/**
 * A backend with the name of its pool.
 */
export interface PoolBackend__Output {
  'pool': (string);
  'backend': (_lb_v1_Backend__Output | null);
}
