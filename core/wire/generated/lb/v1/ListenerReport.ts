// Original file: proto/lb/v1/report_service.proto

import type { Histogram as _lb_v1_Histogram, Histogram__Output as _lb_v1_Histogram__Output } from '../../lb/v1/Histogram.ts';
import type { Long } from '@grpc/proto-loader';

export interface ListenerReport {
  'listener'?: (string);
  'connectionsActive'?: (number);
  'connectionsTotal'?: (number | string | Long);
  'bytesFromClientsTotal'?: (number | string | Long);
  'bytesToClientsTotal'?: (number | string | Long);
  /**
   * By close reason: a label `reason` of lb_connections_closed_total. Reasons that did not occur may be left out.
   */
  'closedTotal'?: ({[key: string]: number | string | Long});
  'connect'?: (_lb_v1_Histogram | null);
  'firstByte'?: (_lb_v1_Histogram | null);
  /**
   * Life of a connection, from accept to close.
   */
  'duration'?: (_lb_v1_Histogram | null);
}

export interface ListenerReport__Output {
  'listener': (string);
  'connectionsActive': (number);
  'connectionsTotal': (string);
  'bytesFromClientsTotal': (string);
  'bytesToClientsTotal': (string);
  /**
   * By close reason: a label `reason` of lb_connections_closed_total. Reasons that did not occur may be left out.
   */
  'closedTotal': ({[key: string]: string});
  'connect': (_lb_v1_Histogram__Output | null);
  'firstByte': (_lb_v1_Histogram__Output | null);
  /**
   * Life of a connection, from accept to close.
   */
  'duration': (_lb_v1_Histogram__Output | null);
}
