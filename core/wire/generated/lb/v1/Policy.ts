// Original file: proto/lb/v1/resources.proto

import type { Strategy as _lb_v1_Strategy, Strategy__Output as _lb_v1_Strategy__Output } from '../../lb/v1/Strategy.ts';
import type { HealthCheck as _lb_v1_HealthCheck, HealthCheck__Output as _lb_v1_HealthCheck__Output } from '../../lb/v1/HealthCheck.ts';
import type { Connect as _lb_v1_Connect, Connect__Output as _lb_v1_Connect__Output } from '../../lb/v1/Connect.ts';
import type { Timeouts as _lb_v1_Timeouts, Timeouts__Output as _lb_v1_Timeouts__Output } from '../../lb/v1/Timeouts.ts';
import type { Duration as _google_protobuf_Duration, Duration__Output as _google_protobuf_Duration__Output } from '../../google/protobuf/Duration.ts';
import type { ConnectionLog as _lb_v1_ConnectionLog, ConnectionLog__Output as _lb_v1_ConnectionLog__Output } from '../../lb/v1/ConnectionLog.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * How a pool's connections are balanced, checked and timed. The policy named `default` always exists.
 */
export interface Policy {
  /**
   * Unique among policies: [a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?
   */
  'name'?: (string);
  /**
   * Default: power of two choices.
   */
  'strategy'?: (_lb_v1_Strategy);
  'healthCheck'?: (_lb_v1_HealthCheck | null);
  'connect'?: (_lb_v1_Connect | null);
  'timeouts'?: (_lb_v1_Timeouts | null);
  /**
   * How long connections to a draining, disabled or removed backend may live on before they are reset.
   * 0s to 24h; default 5m. 0s means: no deadline.
   */
  'drainTimeout'?: (_google_protobuf_Duration | null);
  'connectionLog'?: (_lb_v1_ConnectionLog | null);
  /**
   * Output: the commit that last changed this resource; 0 for the built-in policy as delivered.
   * In an update: refused with ABORTED when it is set and no longer the current one.
   */
  'revision'?: (number | string | Long);
}

/**
 * How a pool's connections are balanced, checked and timed. The policy named `default` always exists.
 */
export interface Policy__Output {
  /**
   * Unique among policies: [a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?
   */
  'name': (string);
  /**
   * Default: power of two choices.
   */
  'strategy': (_lb_v1_Strategy__Output);
  'healthCheck': (_lb_v1_HealthCheck__Output | null);
  'connect': (_lb_v1_Connect__Output | null);
  'timeouts': (_lb_v1_Timeouts__Output | null);
  /**
   * How long connections to a draining, disabled or removed backend may live on before they are reset.
   * 0s to 24h; default 5m. 0s means: no deadline.
   */
  'drainTimeout': (_google_protobuf_Duration__Output | null);
  'connectionLog': (_lb_v1_ConnectionLog__Output | null);
  /**
   * Output: the commit that last changed this resource; 0 for the built-in policy as delivered.
   * In an update: refused with ABORTED when it is set and no longer the current one.
   */
  'revision': (string);
}
