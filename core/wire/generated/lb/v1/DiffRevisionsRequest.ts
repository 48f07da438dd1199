// Original file: proto/lb/v1/config_service.proto

import type { Long } from '@grpc/proto-loader';

/**
 * NOT_FOUND when one of the two is not kept.
 */
export interface DiffRevisionsRequest {
  'fromRevision'?: (number | string | Long);
  /**
   * May be the older one.
   */
  'toRevision'?: (number | string | Long);
}

/**
 * NOT_FOUND when one of the two is not kept.
 */
export interface DiffRevisionsRequest__Output {
  'fromRevision': (string);
  /**
   * May be the older one.
   */
  'toRevision': (string);
}
