// Original file: proto/lb/v1/report_service.proto


export interface BackendKey {
  'pool'?: (string);
  'address'?: (string);
}

export interface BackendKey__Output {
  'pool': (string);
  'address': (string);
}
