// Original file: proto/lb/v1/registration_service.proto

import type { RegistrationSpec as _lb_v1_RegistrationSpec, RegistrationSpec__Output as _lb_v1_RegistrationSpec__Output } from '../../lb/v1/RegistrationSpec.ts';

export interface RegisterRequest {
  /**
   * First message of a stream, and only there.
   */
  'registration'?: (_lb_v1_RegistrationSpec | null);
}

export interface RegisterRequest__Output {
  /**
   * First message of a stream, and only there.
   */
  'registration': (_lb_v1_RegistrationSpec__Output | null);
}
