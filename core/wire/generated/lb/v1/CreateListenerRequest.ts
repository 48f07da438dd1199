// Original file: proto/lb/v1/listener_service.proto

import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from '../../lb/v1/Listener.ts';

export interface CreateListenerRequest {
  'listener'?: (_lb_v1_Listener | null);
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface CreateListenerRequest__Output {
  'listener': (_lb_v1_Listener__Output | null);
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
