// Original file: proto/lb/v1/change.proto

import type { Long } from '@grpc/proto-loader';

export interface BackendShare {
  'address'?: (string);
  /**
   * Of the pool's new connections, were all backends healthy: 0 to 1.
   */
  'shareBefore'?: (number | string);
  'shareAfter'?: (number | string);
  /**
   * Open now, on all proxies.
   */
  'connections'?: (number | string | Long);
}

export interface BackendShare__Output {
  'address': (string);
  /**
   * Of the pool's new connections, were all backends healthy: 0 to 1.
   */
  'shareBefore': (number);
  'shareAfter': (number);
  /**
   * Open now, on all proxies.
   */
  'connections': (string);
}
