// Original file: proto/lb/v1/resources.proto

import type { BackendState as _lb_v1_BackendState, BackendState__Output as _lb_v1_BackendState__Output } from '../../lb/v1/BackendState.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * One server of a pool, named by its address.
 */
export interface Backend {
  /**
   * IP:PORT, IPv6 as [IP]:PORT.
   */
  'address'?: (string);
  /**
   * Share of the connections, relative to the pool's other backends. 0 to 1000; default 1; 0 takes no new ones.
   */
  'weight'?: (number);
  /**
   * Operation rather than configuration: when a manifest leaves it out, the backend keeps the state it has.
   * A new backend is active.
   */
  'state'?: (_lb_v1_BackendState);
  /**
   * Output: the commit that last changed this backend.
   */
  'revision'?: (number | string | Long);
  '_weight'?: "weight";
}

/**
 * One server of a pool, named by its address.
 */
export interface Backend__Output {
  /**
   * IP:PORT, IPv6 as [IP]:PORT.
   */
  'address': (string);
  /**
   * Share of the connections, relative to the pool's other backends. 0 to 1000; default 1; 0 takes no new ones.
   */
  'weight'?: (number);
  /**
   * Operation rather than configuration: when a manifest leaves it out, the backend keeps the state it has.
   * A new backend is active.
   */
  'state': (_lb_v1_BackendState__Output);
  /**
   * Output: the commit that last changed this backend.
   */
  'revision': (string);
  '_weight'?: "weight";
}
