// Original file: proto/lb/v1/fleet_service.proto

import type { TrafficStats as _lb_v1_TrafficStats, TrafficStats__Output as _lb_v1_TrafficStats__Output } from '../../lb/v1/TrafficStats.ts';

export interface ListenerStats {
  'listener'?: (string);
  'pool'?: (string);
  'traffic'?: (_lb_v1_TrafficStats | null);
  /**
   * Connections that ended, by close reason, a second; reasons that did not occur are left out.
   */
  'closedPerSecond'?: ({[key: string]: number | string});
}

export interface ListenerStats__Output {
  'listener': (string);
  'pool': (string);
  'traffic': (_lb_v1_TrafficStats__Output | null);
  /**
   * Connections that ended, by close reason, a second; reasons that did not occur are left out.
   */
  'closedPerSecond': ({[key: string]: number});
}
