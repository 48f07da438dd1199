// Original file: proto/lb/v1/fleet_service.proto

import type { BackendReport as _lb_v1_BackendReport, BackendReport__Output as _lb_v1_BackendReport__Output } from '../../lb/v1/BackendReport.ts';
import type { Long } from '@grpc/proto-loader';

export interface BackendStatus {
  'proxyId'?: (string);
  /**
   * Without its histograms: WatchStats has what they say.
   */
  'report'?: (_lb_v1_BackendReport | null);
  /**
   * The revision that the proxy had applied when it reported this.
   */
  'revision'?: (number | string | Long);
}

export interface BackendStatus__Output {
  'proxyId': (string);
  /**
   * Without its histograms: WatchStats has what they say.
   */
  'report': (_lb_v1_BackendReport__Output | null);
  /**
   * The revision that the proxy had applied when it reported this.
   */
  'revision': (string);
}
