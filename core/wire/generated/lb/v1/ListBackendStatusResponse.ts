// Original file: proto/lb/v1/fleet_service.proto

import type { BackendStatus as _lb_v1_BackendStatus, BackendStatus__Output as _lb_v1_BackendStatus__Output } from '../../lb/v1/BackendStatus.ts';

export interface ListBackendStatusResponse {
  /**
   * Sorted by pool, address and proxy.
   */
  'statuses'?: (_lb_v1_BackendStatus)[];
}

export interface ListBackendStatusResponse__Output {
  /**
   * Sorted by pool, address and proxy.
   */
  'statuses': (_lb_v1_BackendStatus__Output)[];
}
