// Original file: proto/lb/v1/fleet_service.proto

import type { Proxy as _lb_v1_Proxy, Proxy__Output as _lb_v1_Proxy__Output } from '../../lb/v1/Proxy.ts';

export interface ListProxiesResponse {
  /**
   * The roster, sorted by id: every proxy seen by any replica, until it stops cleanly, is away for ten minutes or is deleted.
   */
  'proxies'?: (_lb_v1_Proxy)[];
}

export interface ListProxiesResponse__Output {
  /**
   * The roster, sorted by id: every proxy seen by any replica, until it stops cleanly, is away for ten minutes or is deleted.
   */
  'proxies': (_lb_v1_Proxy__Output)[];
}
