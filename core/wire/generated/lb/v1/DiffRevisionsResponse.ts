// Original file: proto/lb/v1/config_service.proto

import type { ResourceChange as _lb_v1_ResourceChange, ResourceChange__Output as _lb_v1_ResourceChange__Output } from '../../lb/v1/ResourceChange.ts';

export interface DiffRevisionsResponse {
  /**
   * What leads from the first to the second.
   */
  'changes'?: (_lb_v1_ResourceChange)[];
}

export interface DiffRevisionsResponse__Output {
  /**
   * What leads from the first to the second.
   */
  'changes': (_lb_v1_ResourceChange__Output)[];
}
