// Original file: proto/lb/v1/config_service.proto

import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from '../../lb/v1/Position.ts';
import type { ExportResponse as _lb_v1_ExportResponse, ExportResponse__Output as _lb_v1_ExportResponse__Output } from '../../lb/v1/ExportResponse.ts';
import type { ResourceChange as _lb_v1_ResourceChange, ResourceChange__Output as _lb_v1_ResourceChange__Output } from '../../lb/v1/ResourceChange.ts';

export interface WatchResponse {
  'position'?: (_lb_v1_Position | null);
  /**
   * Set in the first message only.
   */
  'snapshot'?: (_lb_v1_ExportResponse | null);
  /**
   * What changed since the message before.
   */
  'changes'?: (_lb_v1_ResourceChange)[];
}

export interface WatchResponse__Output {
  'position': (_lb_v1_Position__Output | null);
  /**
   * Set in the first message only.
   */
  'snapshot': (_lb_v1_ExportResponse__Output | null);
  /**
   * What changed since the message before.
   */
  'changes': (_lb_v1_ResourceChange__Output)[];
}
