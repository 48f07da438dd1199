// Original file: proto/lb/v1/fleet_service.proto

import type { Timestamp as _google_protobuf_Timestamp, Timestamp__Output as _google_protobuf_Timestamp__Output } from '../../google/protobuf/Timestamp.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';
import type { TrafficStats as _lb_v1_TrafficStats, TrafficStats__Output as _lb_v1_TrafficStats__Output } from '../../lb/v1/TrafficStats.ts';
import type { ListenerStats as _lb_v1_ListenerStats, ListenerStats__Output as _lb_v1_ListenerStats__Output } from '../../lb/v1/ListenerStats.ts';
import type { PoolStats as _lb_v1_PoolStats, PoolStats__Output as _lb_v1_PoolStats__Output } from '../../lb/v1/PoolStats.ts';
import type { BackendStats as _lb_v1_BackendStats, BackendStats__Output as _lb_v1_BackendStats__Output } from '../../lb/v1/BackendStats.ts';
import type { ProxyStats as _lb_v1_ProxyStats, ProxyStats__Output as _lb_v1_ProxyStats__Output } from '../../lb/v1/ProxyStats.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * The fleet at one moment. A row is there when what it is about is in the configuration or has connections.
 */
export interface StatsFrame {
  'time'?: (_google_protobuf_Timestamp | null);
  /**
   * The replica's own revision.
   */
  'revision'?: (number | string | Long);
  /**
   * Over so much time rates and quantiles were taken, up to `time`.
   */
  'window'?: (_google_protobuf_Duration | null);
  /**
   * All listeners of all proxies together.
   */
  'total'?: (_lb_v1_TrafficStats | null);
  /**
   * Each sorted by name.
   */
  'listeners'?: (_lb_v1_ListenerStats)[];
  'pools'?: (_lb_v1_PoolStats)[];
  /**
   * Sorted by pool and address.
   */
  'backends'?: (_lb_v1_BackendStats)[];
  /**
   * How many more backends there are than `backends` has.
   */
  'moreBackends'?: (number);
  /**
   * Sorted by id.
   */
  'proxies'?: (_lb_v1_ProxyStats)[];
}

/**
 * The fleet at one moment. A row is there when what it is about is in the configuration or has connections.
 */
export interface StatsFrame__Output {
  'time': (_google_protobuf_Timestamp__Output | null);
  /**
   * The replica's own revision.
   */
  'revision': (string);
  /**
   * Over so much time rates and quantiles were taken, up to `time`.
   */
  'window': (_google_protobuf_Duration__Output | null);
  /**
   * All listeners of all proxies together.
   */
  'total': (_lb_v1_TrafficStats__Output | null);
  /**
   * Each sorted by name.
   */
  'listeners': (_lb_v1_ListenerStats__Output)[];
  'pools': (_lb_v1_PoolStats__Output)[];
  /**
   * Sorted by pool and address.
   */
  'backends': (_lb_v1_BackendStats__Output)[];
  /**
   * How many more backends there are than `backends` has.
   */
  'moreBackends': (number);
  /**
   * Sorted by id.
   */
  'proxies': (_lb_v1_ProxyStats__Output)[];
}
