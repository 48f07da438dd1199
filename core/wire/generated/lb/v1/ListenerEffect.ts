// Original file: proto/lb/v1/change.proto

import type { Long } from '@grpc/proto-loader';

export interface ListenerEffect {
  'listener'?: (string);
  /**
   * Open now, on all proxies. They are let finish.
   */
  'connections'?: (number | string | Long);
}

export interface ListenerEffect__Output {
  'listener': (string);
  /**
   * Open now, on all proxies. They are let finish.
   */
  'connections': (string);
}
