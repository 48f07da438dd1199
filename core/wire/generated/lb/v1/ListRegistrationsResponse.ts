// Original file: proto/lb/v1/registration_service.proto

import type { Registration as _lb_v1_Registration, Registration__Output as _lb_v1_Registration__Output } from '../../lb/v1/Registration.ts';

export interface ListRegistrationsResponse {
  /**
   * Sorted by pool and address.
   */
  'registrations'?: (_lb_v1_Registration)[];
}

export interface ListRegistrationsResponse__Output {
  /**
   * Sorted by pool and address.
   */
  'registrations': (_lb_v1_Registration__Output)[];
}
