// Original file: proto/lb/v1/policy_service.proto

import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from '../../lb/v1/Policy.ts';
import type { FieldMask as _google_protobuf_FieldMask, FieldMask__Output as _google_protobuf_FieldMask__Output } from '../../google/protobuf/FieldMask.ts';

export interface UpdatePolicyRequest {
  'policy'?: (_lb_v1_Policy | null);
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

export interface UpdatePolicyRequest__Output {
  'policy': (_lb_v1_Policy__Output | null);
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
