// Original file: proto/lb/v1/report_service.proto

import type { Long } from '@grpc/proto-loader';

export interface WorkerReport {
  'index'?: (number);
  'connectionsActive'?: (number);
  /**
   * How often this worker was replaced.
   */
  'restarts'?: (number);
  /**
   * Accepted by this worker since the proxy started.
   */
  'connectionsTotal'?: (number | string | Long);
}

export interface WorkerReport__Output {
  'index': (number);
  'connectionsActive': (number);
  /**
   * How often this worker was replaced.
   */
  'restarts': (number);
  /**
   * Accepted by this worker since the proxy started.
   */
  'connectionsTotal': (string);
}
