// Original file: proto/lb/v1/report_service.proto

import type { Long } from '@grpc/proto-loader';

export interface ListenerReport {
  'listener'?: (string);
  'connectionsActive'?: (number);
  'connectionsTotal'?: (number | string | Long);
}

export interface ListenerReport__Output {
  'listener': (string);
  'connectionsActive': (number);
  'connectionsTotal': (string);
}
