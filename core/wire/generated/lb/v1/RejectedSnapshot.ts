// Original file: proto/lb/v1/report_service.proto

import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from '../../lb/v1/Position.ts';
import type { Violation as _lb_v1_Violation, Violation__Output as _lb_v1_Violation__Output } from '../../lb/v1/Violation.ts';

export interface RejectedSnapshot {
  'position'?: (_lb_v1_Position | null);
  'violations'?: (_lb_v1_Violation)[];
}

export interface RejectedSnapshot__Output {
  'position': (_lb_v1_Position__Output | null);
  'violations': (_lb_v1_Violation__Output)[];
}
