// Original file: proto/lb/v1/config_service.proto

import type { Long } from '@grpc/proto-loader';

export interface WaitConvergedRequest {
  'revision'?: (number | string | Long);
}

export interface WaitConvergedRequest__Output {
  'revision': (string);
}
