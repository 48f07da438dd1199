// Original file: proto/lb/v1/fleet_service.proto

import type { ProxyInfo as _lb_v1_ProxyInfo, ProxyInfo__Output as _lb_v1_ProxyInfo__Output } from '../../lb/v1/ProxyInfo.ts';
import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { AppliedSnapshot as _lb_v1_AppliedSnapshot, AppliedSnapshot__Output as _lb_v1_AppliedSnapshot__Output } from '../../lb/v1/AppliedSnapshot.ts';
import type { ListenerReport as _lb_v1_ListenerReport, ListenerReport__Output as _lb_v1_ListenerReport__Output } from '../../lb/v1/ListenerReport.ts';
import type { WorkerReport as _lb_v1_WorkerReport, WorkerReport__Output as _lb_v1_WorkerReport__Output } from '../../lb/v1/WorkerReport.ts';
import type { Long } from '@grpc/proto-loader';

export interface Proxy {
  'info'?: (_lb_v1_ProxyInfo | null);
  'connected'?: (boolean);
  /**
   * Unset: it is on the roster, and this replica has not seen it since it started.
   */
  'lastSeen'?: (_google_protobuf_Timestamp | null);
  'applied'?: (_lb_v1_AppliedSnapshot | null);
  /**
   * The replica's own revision, to compare with.
   */
  'currentRevision'?: (number | string | Long);
  /**
   * Without their histograms: WatchStats has what they say.
   */
  'listeners'?: (_lb_v1_ListenerReport)[];
  'workers'?: (_lb_v1_WorkerReport)[];
  'connectionsActive'?: (number);
}

export interface Proxy__Output {
  'info': (_lb_v1_ProxyInfo__Output | null);
  'connected': (boolean);
  /**
   * Unset: it is on the roster, and this replica has not seen it since it started.
   */
  'lastSeen': (_google_protobuf_Timestamp__Output | null);
  'applied': (_lb_v1_AppliedSnapshot__Output | null);
  /**
   * The replica's own revision, to compare with.
   */
  'currentRevision': (string);
  /**
   * Without their histograms: WatchStats has what they say.
   */
  'listeners': (_lb_v1_ListenerReport__Output)[];
  'workers': (_lb_v1_WorkerReport__Output)[];
  'connectionsActive': (number);
}
