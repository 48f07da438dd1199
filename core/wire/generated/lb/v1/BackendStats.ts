// Original file: proto/lb/v1/fleet_service.proto

import type { BackendKey as _lb_v1_BackendKey, BackendKey__Output as _lb_v1_BackendKey__Output } from '../../lb/v1/BackendKey.ts';
import type { TrafficStats as _lb_v1_TrafficStats, TrafficStats__Output as _lb_v1_TrafficStats__Output } from '../../lb/v1/TrafficStats.ts';

export interface BackendStats {
  'backend'?: (_lb_v1_BackendKey | null);
  'traffic'?: (_lb_v1_TrafficStats | null);
  /**
   * Proxies by how they find it.
   */
  'proxiesHealthy'?: (number);
  'proxiesUnhealthy'?: (number);
  'proxiesUnknown'?: (number);
  'proxiesEjected'?: (number);
}

export interface BackendStats__Output {
  'backend': (_lb_v1_BackendKey__Output | null);
  'traffic': (_lb_v1_TrafficStats__Output | null);
  /**
   * Proxies by how they find it.
   */
  'proxiesHealthy': (number);
  'proxiesUnhealthy': (number);
  'proxiesUnknown': (number);
  'proxiesEjected': (number);
}
