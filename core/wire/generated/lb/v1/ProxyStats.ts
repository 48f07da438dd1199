// Original file: proto/lb/v1/fleet_service.proto

import type { TrafficStats as _lb_v1_TrafficStats, TrafficStats__Output as _lb_v1_TrafficStats__Output } from '../../lb/v1/TrafficStats.ts';
import type { Long } from '@grpc/proto-loader';

export interface ProxyStats {
  'proxyId'?: (string);
  'traffic'?: (_lb_v1_TrafficStats | null);
  'connected'?: (boolean);
  /**
   * What it runs; 0: nothing yet.
   */
  'revision'?: (number | string | Long);
  /**
   * CPUs that its process keeps busy: 1.0 is one.
   */
  'cpus'?: (number | string);
  'residentBytes'?: (number | string | Long);
  'saturated'?: (boolean);
  'maxConnections'?: (number);
}

export interface ProxyStats__Output {
  'proxyId': (string);
  'traffic': (_lb_v1_TrafficStats__Output | null);
  'connected': (boolean);
  /**
   * What it runs; 0: nothing yet.
   */
  'revision': (string);
  /**
   * CPUs that its process keeps busy: 1.0 is one.
   */
  'cpus': (number);
  'residentBytes': (string);
  'saturated': (boolean);
  'maxConnections': (number);
}
