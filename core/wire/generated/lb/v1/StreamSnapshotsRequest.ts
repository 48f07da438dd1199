// Original file: proto/lb/v1/discovery_service.proto

import type { Subscribe as _lb_v1_Subscribe, Subscribe__Output as _lb_v1_Subscribe__Output } from '../../lb/v1/Subscribe.ts';
import type { Ack as _lb_v1_Ack, Ack__Output as _lb_v1_Ack__Output } from '../../lb/v1/Ack.ts';
import type { Nack as _lb_v1_Nack, Nack__Output as _lb_v1_Nack__Output } from '../../lb/v1/Nack.ts';

export interface StreamSnapshotsRequest {
  /**
   * First message of a stream, and only there.
   */
  'subscribe'?: (_lb_v1_Subscribe | null);
  'ack'?: (_lb_v1_Ack | null);
  'nack'?: (_lb_v1_Nack | null);
  'request'?: "subscribe"|"ack"|"nack";
}

export interface StreamSnapshotsRequest__Output {
  /**
   * First message of a stream, and only there.
   */
  'subscribe'?: (_lb_v1_Subscribe__Output | null);
  'ack'?: (_lb_v1_Ack__Output | null);
  'nack'?: (_lb_v1_Nack__Output | null);
  'request'?: "subscribe"|"ack"|"nack";
}
