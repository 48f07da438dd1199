// Original file: proto/lb/v1/report_service.proto


export interface FailedListener {
  'listener'?: (string);
  'address'?: (string);
  /**
   * In words, with the errno name.
   */
  'reason'?: (string);
}

export interface FailedListener__Output {
  'listener': (string);
  'address': (string);
  /**
   * In words, with the errno name.
   */
  'reason': (string);
}
