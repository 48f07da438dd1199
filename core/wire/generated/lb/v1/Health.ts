// Original file: proto/lb/v1/report_service.proto

export const Health = {
  HEALTH_UNSPECIFIED: 'HEALTH_UNSPECIFIED',
  HEALTH_HEALTHY: 'HEALTH_HEALTHY',
  HEALTH_UNHEALTHY: 'HEALTH_UNHEALTHY',
  /**
   * Not checked yet, or not checked at all because it is disabled.
   */
  HEALTH_UNKNOWN: 'HEALTH_UNKNOWN',
  /**
   * Taken out by failed connects until its next passing check.
   */
  HEALTH_EJECTED: 'HEALTH_EJECTED',
} as const;

export type Health =
  | 'HEALTH_UNSPECIFIED'
  | 0
  | 'HEALTH_HEALTHY'
  | 1
  | 'HEALTH_UNHEALTHY'
  | 2
  /**
   * Not checked yet, or not checked at all because it is disabled.
   */
  | 'HEALTH_UNKNOWN'
  | 3
  /**
   * Taken out by failed connects until its next passing check.
   */
  | 'HEALTH_EJECTED'
  | 4

export type Health__Output = typeof Health[keyof typeof Health]
