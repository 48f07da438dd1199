// Original file: proto/lb/v1/report_service.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';

export interface ProxyInfo {
  'id'?: (string);
  'zone'?: (string);
  'version'?: (string);
  /**
   * portable or epoll.
   */
  'engine'?: (string);
  'adminAddress'?: (string);
  'startedAt'?: (_google_protobuf_Timestamp | null);
  /**
   * Made anew at every start: tells two processes that claim one id apart.
   */
  'instanceId'?: (string);
}

export interface ProxyInfo__Output {
  'id': (string);
  'zone': (string);
  'version': (string);
  /**
   * portable or epoll.
   */
  'engine': (string);
  'adminAddress': (string);
  'startedAt': (_google_protobuf_Timestamp__Output | null);
  /**
   * Made anew at every start: tells two processes that claim one id apart.
   */
  'instanceId': (string);
}
