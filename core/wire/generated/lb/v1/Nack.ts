// Original file: proto/lb/v1/discovery_service.proto

import type { Violation as _lb_v1_Violation, Violation__Output as _lb_v1_Violation__Output } from '../../lb/v1/Violation.ts';

export interface Nack {
  'nonce'?: (string);
  'violations'?: (_lb_v1_Violation)[];
}

export interface Nack__Output {
  'nonce': (string);
  'violations': (_lb_v1_Violation__Output)[];
}
