// Original file: proto/lb/v1/config_service.proto

import type { Revision as _lb_v1_Revision, Revision__Output as _lb_v1_Revision__Output } from '../../lb/v1/Revision.ts';

export interface ListRevisionsResponse {
  'revisions'?: (_lb_v1_Revision)[];
  /**
   * Empty when there are no more.
   */
  'nextPageToken'?: (string);
}

export interface ListRevisionsResponse__Output {
  'revisions': (_lb_v1_Revision__Output)[];
  /**
   * Empty when there are no more.
   */
  'nextPageToken': (string);
}
