// Original file: proto/lb/v1/fleet_service.proto


/**
 * Seconds, estimated within the buckets of a histogram. The message is unset when nothing was observed in the window.
 */
export interface Quantiles {
  'p50'?: (number | string);
  'p90'?: (number | string);
  'p99'?: (number | string);
}

/**
 * Seconds, estimated within the buckets of a histogram. The message is unset when nothing was observed in the window.
 */
export interface Quantiles__Output {
  'p50': (number);
  'p90': (number);
  'p99': (number);
}
