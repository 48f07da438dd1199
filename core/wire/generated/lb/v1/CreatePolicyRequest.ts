// Original file: proto/lb/v1/policy_service.proto

import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from '../../lb/v1/Policy.ts';

export interface CreatePolicyRequest {
  'policy'?: (_lb_v1_Policy | null);
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface CreatePolicyRequest__Output {
  'policy': (_lb_v1_Policy__Output | null);
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
