// Original file: proto/lb/v1/registration_service.proto

import type { Registration as _lb_v1_Registration, Registration__Output as _lb_v1_Registration__Output } from '../../lb/v1/Registration.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';

/**
 * Sent at once, whenever it changes, and as the answer to each sign of life: without one, move to another replica.
 */
export interface RegisterResponse {
  'registration'?: (_lb_v1_Registration | null);
  /**
   * Send a sign of life so often.
   */
  'renewEvery'?: (_google_protobuf_Duration | null);
  /**
   * Draining: connections that proxies have to it, as far as this replica knows.
   */
  'connectionsActive'?: (number);
}

/**
 * Sent at once, whenever it changes, and as the answer to each sign of life: without one, move to another replica.
 */
export interface RegisterResponse__Output {
  'registration': (_lb_v1_Registration__Output | null);
  /**
   * Send a sign of life so often.
   */
  'renewEvery': (_google_protobuf_Duration__Output | null);
  /**
   * Draining: connections that proxies have to it, as far as this replica knows.
   */
  'connectionsActive': (number);
}
