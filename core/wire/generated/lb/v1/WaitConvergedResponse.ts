// Original file: proto/lb/v1/config_service.proto

import type { ProxyConvergence as _lb_v1_ProxyConvergence, ProxyConvergence__Output as _lb_v1_ProxyConvergence__Output } from '../../lb/v1/ProxyConvergence.ts';

// Original file: proto/lb/v1/config_service.proto

export const _lb_v1_WaitConvergedResponse_Outcome = {
  OUTCOME_UNSPECIFIED: 'OUTCOME_UNSPECIFIED',
  /**
   * Every proxy on the roster runs it.
   */
  OUTCOME_CONVERGED: 'OUTCOME_CONVERGED',
  /**
   * At least one proxy rejected it or can't bind an address of it; the others run it.
   */
  OUTCOME_REJECTED: 'OUTCOME_REJECTED',
  /**
   * Still waiting for at least one.
   */
  OUTCOME_PENDING: 'OUTCOME_PENDING',
} as const;

export type _lb_v1_WaitConvergedResponse_Outcome =
  | 'OUTCOME_UNSPECIFIED'
  | 0
  /**
   * Every proxy on the roster runs it.
   */
  | 'OUTCOME_CONVERGED'
  | 1
  /**
   * At least one proxy rejected it or can't bind an address of it; the others run it.
   */
  | 'OUTCOME_REJECTED'
  | 2
  /**
   * Still waiting for at least one.
   */
  | 'OUTCOME_PENDING'
  | 3

export type _lb_v1_WaitConvergedResponse_Outcome__Output = typeof _lb_v1_WaitConvergedResponse_Outcome[keyof typeof _lb_v1_WaitConvergedResponse_Outcome]

/**
 * Sent at once and after every change of it.
 */
export interface WaitConvergedResponse {
  'outcome'?: (_lb_v1_WaitConvergedResponse_Outcome);
  'proxies'?: (_lb_v1_ProxyConvergence)[];
}

/**
 * Sent at once and after every change of it.
 */
export interface WaitConvergedResponse__Output {
  'outcome': (_lb_v1_WaitConvergedResponse_Outcome__Output);
  'proxies': (_lb_v1_ProxyConvergence__Output)[];
}
