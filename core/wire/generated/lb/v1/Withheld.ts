// Original file: proto/lb/v1/discovery_service.proto

import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from '../../lb/v1/Position.ts';

// Original file: proto/lb/v1/discovery_service.proto

export const _lb_v1_Withheld_Reason = {
  REASON_UNSPECIFIED: 'REASON_UNSPECIFIED',
  /**
   * The proxy is ahead of this store, which can still be the same: try another replica, or wait.
   */
  REASON_REPLICA_BEHIND: 'REASON_REPLICA_BEHIND',
  /**
   * Another store id, or another history: needs an operator (lbctl store adopt).
   */
  REASON_STORE_MISMATCH: 'REASON_STORE_MISMATCH',
  /**
   * The replica has not read its store yet.
   */
  REASON_NOT_READY: 'REASON_NOT_READY',
} as const;

export type _lb_v1_Withheld_Reason =
  | 'REASON_UNSPECIFIED'
  | 0
  /**
   * The proxy is ahead of this store, which can still be the same: try another replica, or wait.
   */
  | 'REASON_REPLICA_BEHIND'
  | 1
  /**
   * Another store id, or another history: needs an operator (lbctl store adopt).
   */
  | 'REASON_STORE_MISMATCH'
  | 2
  /**
   * The replica has not read its store yet.
   */
  | 'REASON_NOT_READY'
  | 3

export type _lb_v1_Withheld_Reason__Output = typeof _lb_v1_Withheld_Reason[keyof typeof _lb_v1_Withheld_Reason]

export interface Withheld {
  'reason'?: (_lb_v1_Withheld_Reason);
  /**
   * In words.
   */
  'detail'?: (string);
  /**
   * Where this replica stands.
   */
  'position'?: (_lb_v1_Position | null);
}

export interface Withheld__Output {
  'reason': (_lb_v1_Withheld_Reason__Output);
  /**
   * In words.
   */
  'detail': (string);
  /**
   * Where this replica stands.
   */
  'position': (_lb_v1_Position__Output | null);
}
