// Original file: proto/lb/v1/registration_service.proto

import type { RegistrationState as _lb_v1_RegistrationState, RegistrationState__Output as _lb_v1_RegistrationState__Output } from '../../lb/v1/RegistrationState.ts';
import type { RegistrationSource as _lb_v1_RegistrationSource, RegistrationSource__Output as _lb_v1_RegistrationSource__Output } from '../../lb/v1/RegistrationSource.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';

export interface Registration {
  'pool'?: (string);
  'address'?: (string);
  'weight'?: (number);
  'state'?: (_lb_v1_RegistrationState);
  'source'?: (_lb_v1_RegistrationSource);
  /**
   * Why it is not in the pool; empty when it is.
   */
  'reason'?: (string);
  'instanceId'?: (string);
  'ttl'?: (_google_protobuf_Duration | null);
  'since'?: (_google_protobuf_Timestamp | null);
  /**
   * Expiring only: until when it is kept.
   */
  'heldUntil'?: (_google_protobuf_Timestamp | null);
}

export interface Registration__Output {
  'pool': (string);
  'address': (string);
  'weight': (number);
  'state': (_lb_v1_RegistrationState__Output);
  'source': (_lb_v1_RegistrationSource__Output);
  /**
   * Why it is not in the pool; empty when it is.
   */
  'reason': (string);
  'instanceId': (string);
  'ttl': (_google_protobuf_Duration__Output | null);
  'since': (_google_protobuf_Timestamp__Output | null);
  /**
   * Expiring only: until when it is kept.
   */
  'heldUntil': (_google_protobuf_Timestamp__Output | null);
}
