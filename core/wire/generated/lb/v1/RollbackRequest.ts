// Original file: proto/lb/v1/config_service.proto

import type { Long } from '@grpc/proto-loader';

export interface RollbackRequest {
  /**
   * The revision whose content comes back. NOT_FOUND when it is not kept.
   */
  'revision'?: (number | string | Long);
  /**
   * See change.proto for these five. A message left out becomes "rollback to revision N".
   */
  'requestId'?: (string);
  'author'?: (string);
  'message'?: (string);
  'dryRun'?: (boolean);
  'force'?: (boolean);
}

export interface RollbackRequest__Output {
  /**
   * The revision whose content comes back. NOT_FOUND when it is not kept.
   */
  'revision': (string);
  /**
   * See change.proto for these five. A message left out becomes "rollback to revision N".
   */
  'requestId': (string);
  'author': (string);
  'message': (string);
  'dryRun': (boolean);
  'force': (boolean);
}
