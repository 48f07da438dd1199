// Original file: proto/lb/v1/fleet_service.proto

import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';

export interface WatchStatsRequest {
  /**
   * Unset: all pools. Otherwise this one, its backends, and the listeners that lead to it.
   */
  'pool'?: (string);
  /**
   * Time from frame to frame, 1s to 1m; unset: 1s.
   */
  'interval'?: (_google_protobuf_Duration | null);
  /**
   * Frames of so much of the past come first, oldest first, one for every five seconds; 15m at most. They have no
   * backends, and the hundred busiest of everything else.
   */
  'history'?: (_google_protobuf_Duration | null);
  /**
   * The most backends in a frame, the busiest by connections per second, then by connections; unset: 200;
   * 10,000 at most.
   */
  'maxBackends'?: (number);
}

export interface WatchStatsRequest__Output {
  /**
   * Unset: all pools. Otherwise this one, its backends, and the listeners that lead to it.
   */
  'pool': (string);
  /**
   * Time from frame to frame, 1s to 1m; unset: 1s.
   */
  'interval': (_google_protobuf_Duration__Output | null);
  /**
   * Frames of so much of the past come first, oldest first, one for every five seconds; 15m at most. They have no
   * backends, and the hundred busiest of everything else.
   */
  'history': (_google_protobuf_Duration__Output | null);
  /**
   * The most backends in a frame, the busiest by connections per second, then by connections; unset: 200;
   * 10,000 at most.
   */
  'maxBackends': (number);
}
