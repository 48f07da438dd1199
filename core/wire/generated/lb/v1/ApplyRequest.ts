// Original file: proto/lb/v1/config_service.proto

import type { Resource as _lb_v1_Resource, Resource__Output as _lb_v1_Resource__Output } from '../../lb/v1/Resource.ts';
import type { Long } from '@grpc/proto-loader';

export interface ApplyRequest {
  /**
   * Policies, pools (with their backends) and listeners. Each at most once.
   */
  'resources'?: (_lb_v1_Resource)[];
  /**
   * Delete what is not named. The policy `default` returns to what it was when delivered.
   */
  'prune'?: (boolean);
  /**
   * The revision that the caller has seen. ABORTED when it is not the current one. Unset: any.
   */
  'expectedRevision'?: (number | string | Long);
  /**
   * See change.proto for these five.
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
  '_expectedRevision'?: "expectedRevision";
}

export interface ApplyRequest__Output {
  /**
   * Policies, pools (with their backends) and listeners. Each at most once.
   */
  'resources': (_lb_v1_Resource__Output)[];
  /**
   * Delete what is not named. The policy `default` returns to what it was when delivered.
   */
  'prune': (boolean);
  /**
   * The revision that the caller has seen. ABORTED when it is not the current one. Unset: any.
   */
  'expectedRevision'?: (string);
  /**
   * See change.proto for these five.
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
  '_expectedRevision'?: "expectedRevision";
}
