// Original file: proto/lb/v1/change.proto

import type { BackendShare as _lb_v1_BackendShare, BackendShare__Output as _lb_v1_BackendShare__Output } from '../../lb/v1/BackendShare.ts';
import type { Long } from '@grpc/proto-loader';

export interface PoolEffect {
  'pool'?: (string);
  /**
   * Every backend of before and after.
   */
  'backends'?: (_lb_v1_BackendShare)[];
  /**
   * Open connections to backends that would be removed, draining or disabled and are not yet, on all proxies.
   */
  'connectionsDraining'?: (number | string | Long);
}

export interface PoolEffect__Output {
  'pool': (string);
  /**
   * Every backend of before and after.
   */
  'backends': (_lb_v1_BackendShare__Output)[];
  /**
   * Open connections to backends that would be removed, draining or disabled and are not yet, on all proxies.
   */
  'connectionsDraining': (string);
}
