// Original file: proto/lb/v1/resources.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';

// Original file: proto/lb/v1/resources.proto

export const _lb_v1_HealthCheck_Type = {
  TYPE_UNSPECIFIED: 'TYPE_UNSPECIFIED',
  /**
   * A TCP connect.
   */
  TYPE_TCP: 'TYPE_TCP',
  /**
   * No checks: a backend counts as up.
   */
  TYPE_NONE: 'TYPE_NONE',
} as const;

export type _lb_v1_HealthCheck_Type =
  | 'TYPE_UNSPECIFIED'
  | 0
  /**
   * A TCP connect.
   */
  | 'TYPE_TCP'
  | 1
  /**
   * No checks: a backend counts as up.
   */
  | 'TYPE_NONE'
  | 2

export type _lb_v1_HealthCheck_Type__Output = typeof _lb_v1_HealthCheck_Type[keyof typeof _lb_v1_HealthCheck_Type]

/**
 * Active health checks, run by every proxy on its own.
 */
export interface HealthCheck {
  /**
   * Default: TYPE_TCP.
   */
  'type'?: (_lb_v1_HealthCheck_Type);
  /**
   * Between two checks of one backend, spread by ±10 %. 100ms to 1h; default 5s.
   */
  'interval'?: (_google_protobuf_Duration | null);
  /**
   * 10ms to 1m, at most the interval; default 2s, or the interval when that is shorter.
   */
  'timeout'?: (_google_protobuf_Duration | null);
  /**
   * Passes in a row that make an unhealthy backend healthy. 1 to 100; default 2. A new backend needs one pass.
   */
  'healthyThreshold'?: (number);
  /**
   * Failures in a row that make a healthy backend unhealthy. 1 to 100; default 3.
   */
  'unhealthyThreshold'?: (number);
  '_healthyThreshold'?: "healthyThreshold";
  '_unhealthyThreshold'?: "unhealthyThreshold";
}

/**
 * Active health checks, run by every proxy on its own.
 */
export interface HealthCheck__Output {
  /**
   * Default: TYPE_TCP.
   */
  'type': (_lb_v1_HealthCheck_Type__Output);
  /**
   * Between two checks of one backend, spread by ±10 %. 100ms to 1h; default 5s.
   */
  'interval': (_google_protobuf_Duration__Output | null);
  /**
   * 10ms to 1m, at most the interval; default 2s, or the interval when that is shorter.
   */
  'timeout': (_google_protobuf_Duration__Output | null);
  /**
   * Passes in a row that make an unhealthy backend healthy. 1 to 100; default 2. A new backend needs one pass.
   */
  'healthyThreshold'?: (number);
  /**
   * Failures in a row that make a healthy backend unhealthy. 1 to 100; default 3.
   */
  'unhealthyThreshold'?: (number);
  '_healthyThreshold'?: "healthyThreshold";
  '_unhealthyThreshold'?: "unhealthyThreshold";
}
