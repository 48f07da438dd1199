// Original file: proto/lb/v1/config_service.proto

import type { Resource as _lb_v1_Resource, Resource__Output as _lb_v1_Resource__Output } from '../../lb/v1/Resource.ts';
import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from '../../lb/v1/Position.ts';

export interface ExportResponse {
  /**
   * Policies, pools, listeners, each sorted by name. The policy `default` is among them only when it was edited.
   */
  'resources'?: (_lb_v1_Resource)[];
  'position'?: (_lb_v1_Position | null);
}

export interface ExportResponse__Output {
  /**
   * Policies, pools, listeners, each sorted by name. The policy `default` is among them only when it was edited.
   */
  'resources': (_lb_v1_Resource__Output)[];
  'position': (_lb_v1_Position__Output | null);
}
