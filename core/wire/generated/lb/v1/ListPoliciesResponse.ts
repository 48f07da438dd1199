// Original file: proto/lb/v1/policy_service.proto

import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from '../../lb/v1/Policy.ts';

export interface ListPoliciesResponse {
  /**
   * Sorted by name.
   */
  'policies'?: (_lb_v1_Policy)[];
}

export interface ListPoliciesResponse__Output {
  /**
   * Sorted by name.
   */
  'policies': (_lb_v1_Policy__Output)[];
}
