// Original file: proto/lb/v1/config_service.proto

import type { Revision as _lb_v1_Revision, Revision__Output as _lb_v1_Revision__Output } from '../../lb/v1/Revision.ts';
import type { ResourceChange as _lb_v1_ResourceChange, ResourceChange__Output as _lb_v1_ResourceChange__Output } from '../../lb/v1/ResourceChange.ts';

export interface GetRevisionResponse {
  'revision'?: (_lb_v1_Revision | null);
  /**
   * Backends are listed by themselves.
   */
  'changes'?: (_lb_v1_ResourceChange)[];
}

export interface GetRevisionResponse__Output {
  'revision': (_lb_v1_Revision__Output | null);
  /**
   * Backends are listed by themselves.
   */
  'changes': (_lb_v1_ResourceChange__Output)[];
}
