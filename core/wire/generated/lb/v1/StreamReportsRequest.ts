// Original file: proto/lb/v1/report_service.proto

import type { ProxyInfo as _lb_v1_ProxyInfo, ProxyInfo__Output as _lb_v1_ProxyInfo__Output } from '../../lb/v1/ProxyInfo.ts';
import type { AppliedSnapshot as _lb_v1_AppliedSnapshot, AppliedSnapshot__Output as _lb_v1_AppliedSnapshot__Output } from '../../lb/v1/AppliedSnapshot.ts';
import type { BackendReport as _lb_v1_BackendReport, BackendReport__Output as _lb_v1_BackendReport__Output } from '../../lb/v1/BackendReport.ts';
import type { BackendKey as _lb_v1_BackendKey, BackendKey__Output as _lb_v1_BackendKey__Output } from '../../lb/v1/BackendKey.ts';
import type { ListenerReport as _lb_v1_ListenerReport, ListenerReport__Output as _lb_v1_ListenerReport__Output } from '../../lb/v1/ListenerReport.ts';
import type { WorkerReport as _lb_v1_WorkerReport, WorkerReport__Output as _lb_v1_WorkerReport__Output } from '../../lb/v1/WorkerReport.ts';
import type { ProcessReport as _lb_v1_ProcessReport, ProcessReport__Output as _lb_v1_ProcessReport__Output } from '../../lb/v1/ProcessReport.ts';

export interface StreamReportsRequest {
  /**
   * First message of a stream, and only there.
   */
  'proxy'?: (_lb_v1_ProxyInfo | null);
  /**
   * Sent when it changed, and at the start; in the last of several messages, so that who hears of it has heard every
   * count that was taken since.
   */
  'applied'?: (_lb_v1_AppliedSnapshot | null);
  /**
   * Backends whose health or counters changed.
   */
  'backends'?: (_lb_v1_BackendReport)[];
  /**
   * Backends the proxy no longer has anything to do with.
   */
  'goneBackends'?: (_lb_v1_BackendKey)[];
  /**
   * Listeners whose state or counters changed.
   */
  'listeners'?: (_lb_v1_ListenerReport)[];
  'goneListeners'?: (string)[];
  /**
   * Sent when they changed.
   */
  'workers'?: (_lb_v1_WorkerReport)[];
  /**
   * The proxy is stopping of its own accord: take it off the roster when the stream ends.
   */
  'stopping'?: (boolean);
  /**
   * Sent when it changed.
   */
  'process'?: (_lb_v1_ProcessReport | null);
}

export interface StreamReportsRequest__Output {
  /**
   * First message of a stream, and only there.
   */
  'proxy': (_lb_v1_ProxyInfo__Output | null);
  /**
   * Sent when it changed, and at the start; in the last of several messages, so that who hears of it has heard every
   * count that was taken since.
   */
  'applied': (_lb_v1_AppliedSnapshot__Output | null);
  /**
   * Backends whose health or counters changed.
   */
  'backends': (_lb_v1_BackendReport__Output)[];
  /**
   * Backends the proxy no longer has anything to do with.
   */
  'goneBackends': (_lb_v1_BackendKey__Output)[];
  /**
   * Listeners whose state or counters changed.
   */
  'listeners': (_lb_v1_ListenerReport__Output)[];
  'goneListeners': (string)[];
  /**
   * Sent when they changed.
   */
  'workers': (_lb_v1_WorkerReport__Output)[];
  /**
   * The proxy is stopping of its own accord: take it off the roster when the stream ends.
   */
  'stopping': (boolean);
  /**
   * Sent when it changed.
   */
  'process': (_lb_v1_ProcessReport__Output | null);
}
