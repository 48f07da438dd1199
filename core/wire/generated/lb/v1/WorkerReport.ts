// Original file: proto/lb/v1/report_service.proto


export interface WorkerReport {
  'index'?: (number);
  'connectionsActive'?: (number);
  /**
   * How often this worker was replaced.
   */
  'restarts'?: (number);
}

export interface WorkerReport__Output {
  'index': (number);
  'connectionsActive': (number);
  /**
   * How often this worker was replaced.
   */
  'restarts': (number);
}
