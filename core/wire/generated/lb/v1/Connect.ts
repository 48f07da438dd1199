// Original file: proto/lb/v1/resources.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';

/**
 * Connecting to a backend.
 */
export interface Connect {
  /**
   * 10ms to 5m; default 5s.
   */
  'timeout'?: (_google_protobuf_Duration | null);
  /**
   * Further attempts after the first, each on a backend not yet tried. 0 to 10; default 2.
   */
  'retries'?: (number);
  '_retries'?: "retries";
}

/**
 * Connecting to a backend.
 */
export interface Connect__Output {
  /**
   * 10ms to 5m; default 5s.
   */
  'timeout': (_google_protobuf_Duration__Output | null);
  /**
   * Further attempts after the first, each on a backend not yet tried. 0 to 10; default 2.
   */
  'retries'?: (number);
  '_retries'?: "retries";
}
