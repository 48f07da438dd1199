// Original file: proto/lb/v1/registration_service.proto

export const RegistrationSource = {
  REGISTRATION_SOURCE_UNSPECIFIED: 'REGISTRATION_SOURCE_UNSPECIFIED',
  /**
   * It is in the pool.
   */
  REGISTRATION_SOURCE_REGISTERED: 'REGISTRATION_SOURCE_REGISTERED',
  /**
   * The pool has a configured backend of that address, which counts.
   */
  REGISTRATION_SOURCE_SHADOWED: 'REGISTRATION_SOURCE_SHADOWED',
  /**
   * It can't be in the pool: `reason` says why.
   */
  REGISTRATION_SOURCE_IGNORED: 'REGISTRATION_SOURCE_IGNORED',
} as const;

export type RegistrationSource =
  | 'REGISTRATION_SOURCE_UNSPECIFIED'
  | 0
  /**
   * It is in the pool.
   */
  | 'REGISTRATION_SOURCE_REGISTERED'
  | 1
  /**
   * The pool has a configured backend of that address, which counts.
   */
  | 'REGISTRATION_SOURCE_SHADOWED'
  | 2
  /**
   * It can't be in the pool: `reason` says why.
   */
  | 'REGISTRATION_SOURCE_IGNORED'
  | 3

export type RegistrationSource__Output = typeof RegistrationSource[keyof typeof RegistrationSource]
