// Original file: proto/lb/v1/config_service.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { Long } from '@grpc/proto-loader';

// Original file: proto/lb/v1/config_service.proto

export const _lb_v1_ProxyConvergence_State = {
  STATE_UNSPECIFIED: 'STATE_UNSPECIFIED',
  STATE_APPLIED: 'STATE_APPLIED',
  STATE_REJECTED: 'STATE_REJECTED',
  /**
   * Connected, and not there yet.
   */
  STATE_LAGGING: 'STATE_LAGGING',
  STATE_DISCONNECTED: 'STATE_DISCONNECTED',
} as const;

export type _lb_v1_ProxyConvergence_State =
  | 'STATE_UNSPECIFIED'
  | 0
  | 'STATE_APPLIED'
  | 1
  | 'STATE_REJECTED'
  | 2
  /**
   * Connected, and not there yet.
   */
  | 'STATE_LAGGING'
  | 3
  | 'STATE_DISCONNECTED'
  | 4

export type _lb_v1_ProxyConvergence_State__Output = typeof _lb_v1_ProxyConvergence_State[keyof typeof _lb_v1_ProxyConvergence_State]

export interface ProxyConvergence {
  'proxyId'?: (string);
  'state'?: (_lb_v1_ProxyConvergence_State);
  /**
   * What the proxy runs.
   */
  'revision'?: (number | string | Long);
  /**
   * Why it was rejected, or since when it is away: in words.
   */
  'reason'?: (string);
  /**
   * Lagging: when the oldest commit that it does not run was made, or when it connected if it runs none yet.
   * Disconnected: when it was last seen. Unset: not known, or neither.
   */
  'since'?: (_google_protobuf_Timestamp | null);
}

export interface ProxyConvergence__Output {
  'proxyId': (string);
  'state': (_lb_v1_ProxyConvergence_State__Output);
  /**
   * What the proxy runs.
   */
  'revision': (string);
  /**
   * Why it was rejected, or since when it is away: in words.
   */
  'reason': (string);
  /**
   * Lagging: when the oldest commit that it does not run was made, or when it connected if it runs none yet.
   * Disconnected: when it was last seen. Unset: not known, or neither.
   */
  'since': (_google_protobuf_Timestamp__Output | null);
}
