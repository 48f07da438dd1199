// Original file: proto/lb/v1/listener_service.proto

import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from '../../lb/v1/Listener.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from '../../google/protobuf/FieldMask.ts';

export interface UpdateListenerRequest {
  'listener'?: (_lb_v1_Listener | null);
  /**
   * Paths such as `strategy` or `health_check.interval`. Empty: the whole resource.
   */
  'updateMask'?: (_google_protobuf_FieldMask | null);
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface UpdateListenerRequest__Output {
  'listener': (_lb_v1_Listener__Output | null);
  /**
   * Paths such as `strategy` or `health_check.interval`. Empty: the whole resource.
   */
  'updateMask': (_google_protobuf_FieldMask__Output | null);
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
