// Original file: proto/lb/v1/fleet_service.proto

import type { Quantiles as _lb_v1_Quantiles, Quantiles__Output as _lb_v1_Quantiles__Output } from '../../lb/v1/Quantiles.ts';

/**
 * What went through one thing, on all connected proxies together.
 */
export interface TrafficStats {
  'connectionsActive'?: (number);
  /**
   * Of listeners: accepted. Of pools and backends: established.
   */
  'connectionsPerSecond'?: (number | string);
  /**
   * Of listeners: ended with no_backend, connect_failed, backend_reset, worker_lost or internal_error. Of pools and
   * backends: failed connects.
   */
  'errorsPerSecond'?: (number | string);
  /**
   * From clients towards backends, and back.
   */
  'bytesInPerSecond'?: (number | string);
  'bytesOutPerSecond'?: (number | string);
  'connect'?: (_lb_v1_Quantiles | null);
  'firstByte'?: (_lb_v1_Quantiles | null);
  /**
   * Of listeners and proxies only.
   */
  'duration'?: (_lb_v1_Quantiles | null);
}

/**
 * What went through one thing, on all connected proxies together.
 */
export interface TrafficStats__Output {
  'connectionsActive': (number);
  /**
   * Of listeners: accepted. Of pools and backends: established.
   */
  'connectionsPerSecond': (number);
  /**
   * Of listeners: ended with no_backend, connect_failed, backend_reset, worker_lost or internal_error. Of pools and
   * backends: failed connects.
   */
  'errorsPerSecond': (number);
  /**
   * From clients towards backends, and back.
   */
  'bytesInPerSecond': (number);
  'bytesOutPerSecond': (number);
  'connect': (_lb_v1_Quantiles__Output | null);
  'firstByte': (_lb_v1_Quantiles__Output | null);
  /**
   * Of listeners and proxies only.
   */
  'duration': (_lb_v1_Quantiles__Output | null);
}
