// Original file: proto/lb/v1/listener_service.proto

import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from '../../lb/v1/Listener.ts';

export interface ListListenersResponse {
  /**
   * Sorted by name.
   */
  'listeners'?: (_lb_v1_Listener)[];
}

export interface ListListenersResponse__Output {
  /**
   * Sorted by name.
   */
  'listeners': (_lb_v1_Listener__Output)[];
}
