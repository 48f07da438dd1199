// Original file: proto/lb/v1/report_service.proto

import type { Long } from '@grpc/proto-loader';

/**
 * The process of a proxy.
 */
export interface ProcessReport {
  /**
   * User and system time of all its threads.
   */
  'cpuSecondsTotal'?: (number | string);
  'residentBytes'?: (number | string | Long);
  /**
   * New clients wait because the most connections allowed are open.
   */
  'saturated'?: (boolean);
  'maxConnections'?: (number);
}

/**
 * The process of a proxy.
 */
export interface ProcessReport__Output {
  /**
   * User and system time of all its threads.
   */
  'cpuSecondsTotal': (number);
  'residentBytes': (string);
  /**
   * New clients wait because the most connections allowed are open.
   */
  'saturated': (boolean);
  'maxConnections': (number);
}
