// Original file: proto/lb/v1/resources.proto

export const BackendState = {
  BACKEND_STATE_UNSPECIFIED: 'BACKEND_STATE_UNSPECIFIED',
  BACKEND_STATE_ACTIVE: 'BACKEND_STATE_ACTIVE',
  /**
   * No new connections; established ones finish within the drain timeout.
   */
  BACKEND_STATE_DRAINING: 'BACKEND_STATE_DRAINING',
  /**
   * Draining, and not health-checked.
   */
  BACKEND_STATE_DISABLED: 'BACKEND_STATE_DISABLED',
} as const;

export type BackendState =
  | 'BACKEND_STATE_UNSPECIFIED'
  | 0
  | 'BACKEND_STATE_ACTIVE'
  | 1
  /**
   * No new connections; established ones finish within the drain timeout.
   */
  | 'BACKEND_STATE_DRAINING'
  | 2
  /**
   * Draining, and not health-checked.
   */
  | 'BACKEND_STATE_DISABLED'
  | 3

export type BackendState__Output = typeof BackendState[keyof typeof BackendState]
