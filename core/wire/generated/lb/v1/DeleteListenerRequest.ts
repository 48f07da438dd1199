// Original file: proto/lb/v1/listener_service.proto

import type { Long } from '@grpc/proto-loader';

export interface DeleteListenerRequest {
  'name'?: (string);
  /**
   * Refused with ABORTED when it is set and not the resource's current revision.
   */
  'revision'?: (number | string | Long);
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface DeleteListenerRequest__Output {
  'name': (string);
  /**
   * Refused with ABORTED when it is set and not the resource's current revision.
   */
  'revision': (string);
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
