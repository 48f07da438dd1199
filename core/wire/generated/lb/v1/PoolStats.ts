// Original file: proto/lb/v1/fleet_service.proto

import type { TrafficStats as _lb_v1_TrafficStats, TrafficStats__Output as _lb_v1_TrafficStats__Output } from '../../lb/v1/TrafficStats.ts';

export interface PoolStats {
  'pool'?: (string);
  'traffic'?: (_lb_v1_TrafficStats | null);
  /**
   * All of the pool, and those of them that take new connections somewhere: active, and healthy on at least one
   * connected proxy.
   */
  'backends'?: (number);
  'backendsUp'?: (number);
}

export interface PoolStats__Output {
  'pool': (string);
  'traffic': (_lb_v1_TrafficStats__Output | null);
  /**
   * All of the pool, and those of them that take new connections somewhere: active, and healthy on at least one
   * connected proxy.
   */
  'backends': (number);
  'backendsUp': (number);
}
