// Original file: proto/lb/v1/report_service.proto


/**
 * What was observed since the proxy started, in buckets.
 */
export interface Histogram {
  /**
   * Upper bounds in seconds, growing. Sent along, so that replicas and proxies of different versions agree.
   */
  'bounds'?: (number | string)[];
  /**
   * Observations in each bucket alone; one more than bounds, the last without an upper bound. Whole numbers; double
   * holds them exactly up to 2^53, and costs no conversion where thousands of them arrive every second.
   */
  'counts'?: (number | string)[];
  'sumSeconds'?: (number | string);
}

/**
 * What was observed since the proxy started, in buckets.
 */
export interface Histogram__Output {
  /**
   * Upper bounds in seconds, growing. Sent along, so that replicas and proxies of different versions agree.
   */
  'bounds': (number)[];
  /**
   * Observations in each bucket alone; one more than bounds, the last without an upper bound. Whole numbers; double
   * holds them exactly up to 2^53, and costs no conversion where thousands of them arrive every second.
   */
  'counts': (number)[];
  'sumSeconds': (number);
}
