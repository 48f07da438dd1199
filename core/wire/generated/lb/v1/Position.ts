// Original file: proto/lb/v1/resources.proto

import type { Long } from '@grpc/proto-loader';

/**
 * A place in the history of one store.
 */
export interface Position {
  /**
   * Made when the store was first used; another id is another history.
   */
  'storeId'?: (string);
  /**
   * Grows with every change of the store, memberships included.
   */
  'version'?: (number | string | Long);
  /**
   * The last commit: 1, 2, 3, ... without holes; 0 before the first.
   */
  'revision'?: (number | string | Long);
  /**
   * Hash of that commit, chained to all before it. Hex.
   */
  'hash'?: (string);
  /**
   * The ids of the stores that this one takes the place of (ConfigService.AdoptStore). What came from one of them may go
   * on with this one, from whatever revision.
   */
  'replaces'?: (string)[];
}

/**
 * A place in the history of one store.
 */
export interface Position__Output {
  /**
   * Made when the store was first used; another id is another history.
   */
  'storeId': (string);
  /**
   * Grows with every change of the store, memberships included.
   */
  'version': (string);
  /**
   * The last commit: 1, 2, 3, ... without holes; 0 before the first.
   */
  'revision': (string);
  /**
   * Hash of that commit, chained to all before it. Hex.
   */
  'hash': (string);
  /**
   * The ids of the stores that this one takes the place of (ConfigService.AdoptStore). What came from one of them may go
   * on with this one, from whatever revision.
   */
  'replaces': (string)[];
}
