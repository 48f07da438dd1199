// Original file: proto/lb/v1/registration_service.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';

export interface RegistrationSpec {
  'pool'?: (string);
  /**
   * IP:PORT, IPv6 as [IP]:PORT, as the proxies reach it.
   */
  'address'?: (string);
  /**
   * 0 to 1000; default 1.
   */
  'weight'?: (number);
  /**
   * How long the pool keeps it after its stream was lost. 2s to 5m; default 10s.
   */
  'ttl'?: (_google_protobuf_Duration | null);
  /**
   * Made anew at every start of the caller, and kept when it moves to another replica. Made here when left out.
   */
  'instanceId'?: (string);
  '_weight'?: "weight";
}

export interface RegistrationSpec__Output {
  'pool': (string);
  /**
   * IP:PORT, IPv6 as [IP]:PORT, as the proxies reach it.
   */
  'address': (string);
  /**
   * 0 to 1000; default 1.
   */
  'weight'?: (number);
  /**
   * How long the pool keeps it after its stream was lost. 2s to 5m; default 10s.
   */
  'ttl': (_google_protobuf_Duration__Output | null);
  /**
   * Made anew at every start of the caller, and kept when it moves to another replica. Made here when left out.
   */
  'instanceId': (string);
  '_weight'?: "weight";
}
