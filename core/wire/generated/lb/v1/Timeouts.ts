// Original file: proto/lb/v1/resources.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';

/**
 * Inactivity that ends an established connection.
 */
export interface Timeouts {
  /**
   * No byte in either direction. 1s to 7 days; default 1h. 0s: never.
   */
  'idle'?: (_google_protobuf_Duration | null);
  /**
   * The same once one side has ended its direction. 1s to 1h; default 1m. 0s: never.
   */
  'halfClosed'?: (_google_protobuf_Duration | null);
}

/**
 * Inactivity that ends an established connection.
 */
export interface Timeouts__Output {
  /**
   * No byte in either direction. 1s to 7 days; default 1h. 0s: never.
   */
  'idle': (_google_protobuf_Duration__Output | null);
  /**
   * The same once one side has ended its direction. 1s to 1h; default 1m. 0s: never.
   */
  'halfClosed': (_google_protobuf_Duration__Output | null);
}
