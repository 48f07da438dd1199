// Original file: proto/lb/v1/registration_service.proto

export const RegistrationState = {
  REGISTRATION_STATE_UNSPECIFIED: 'REGISTRATION_STATE_UNSPECIFIED',
  REGISTRATION_STATE_ACTIVE: 'REGISTRATION_STATE_ACTIVE',
  /**
   * No new connections; it leaves once those it has are gone.
   */
  REGISTRATION_STATE_DRAINING: 'REGISTRATION_STATE_DRAINING',
  /**
   * Lost together with most of its pool: kept for five minutes, and health checks decide.
   */
  REGISTRATION_STATE_EXPIRING: 'REGISTRATION_STATE_EXPIRING',
} as const;

export type RegistrationState =
  | 'REGISTRATION_STATE_UNSPECIFIED'
  | 0
  | 'REGISTRATION_STATE_ACTIVE'
  | 1
  /**
   * No new connections; it leaves once those it has are gone.
   */
  | 'REGISTRATION_STATE_DRAINING'
  | 2
  /**
   * Lost together with most of its pool: kept for five minutes, and health checks decide.
   */
  | 'REGISTRATION_STATE_EXPIRING'
  | 3

export type RegistrationState__Output = typeof RegistrationState[keyof typeof RegistrationState]
