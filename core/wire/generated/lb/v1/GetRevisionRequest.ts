// Original file: proto/lb/v1/config_service.proto

import type { Long } from '@grpc/proto-loader';

/**
 * NOT_FOUND, naming the oldest revision that is kept, when this one is older or does not exist yet.
 */
export interface GetRevisionRequest {
  'revision'?: (number | string | Long);
}

/**
 * NOT_FOUND, naming the oldest revision that is kept, when this one is older or does not exist yet.
 */
export interface GetRevisionRequest__Output {
  'revision': (string);
}
