// Original file: proto/lb/v1/report_service.proto

import type { BackendKey as _lb_v1_BackendKey, BackendKey__Output as _lb_v1_BackendKey__Output } from '../../lb/v1/BackendKey.ts';
import type { Health as _lb_v1_Health, Health__Output as _lb_v1_Health__Output } from '../../lb/v1/Health.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { Histogram as _lb_v1_Histogram, Histogram__Output as _lb_v1_Histogram__Output } from '../../lb/v1/Histogram.ts';
import type { Long } from '@grpc/proto-loader';

export interface BackendReport {
  'backend'?: (_lb_v1_BackendKey | null);
  'health'?: (_lb_v1_Health);
  /**
   * In words, such as "connection refused".
   */
  'reason'?: (string);
  'since'?: (_google_protobuf_Timestamp | null);
  'connectionsActive'?: (number);
  /**
   * Counters since the proxy started.
   */
  'connectionsTotal'?: (number | string | Long);
  'connectFailuresTotal'?: (number | string | Long);
  'bytesToBackendTotal'?: (number | string | Long);
  'bytesFromBackendTotal'?: (number | string | Long);
  /**
   * Time of the attempts to connect that succeeded.
   */
  'connect'?: (_lb_v1_Histogram | null);
  /**
   * Time from the accept to the first byte that its client got from it.
   */
  'firstByte'?: (_lb_v1_Histogram | null);
}

export interface BackendReport__Output {
  'backend': (_lb_v1_BackendKey__Output | null);
  'health': (_lb_v1_Health__Output);
  /**
   * In words, such as "connection refused".
   */
  'reason': (string);
  'since': (_google_protobuf_Timestamp__Output | null);
  'connectionsActive': (number);
  /**
   * Counters since the proxy started.
   */
  'connectionsTotal': (string);
  'connectFailuresTotal': (string);
  'bytesToBackendTotal': (string);
  'bytesFromBackendTotal': (string);
  /**
   * Time of the attempts to connect that succeeded.
   */
  'connect': (_lb_v1_Histogram__Output | null);
  /**
   * Time from the accept to the first byte that its client got from it.
   */
  'firstByte': (_lb_v1_Histogram__Output | null);
}
