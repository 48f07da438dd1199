// Original file: proto/lb/v1/pool_service.proto

import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from '../../lb/v1/Pool.ts';

export interface ListPoolsResponse {
  /**
   * Sorted by name.
   */
  'pools'?: (_lb_v1_Pool)[];
}

export interface ListPoolsResponse__Output {
  /**
   * Sorted by name.
   */
  'pools': (_lb_v1_Pool__Output)[];
}
