// Original file: proto/lb/v1/discovery_service.proto

import type { Resource as _lb_v1_Resource, Resource__Output as _lb_v1_Resource__Output } from '../../lb/v1/Resource.ts';

export interface SnapshotResource {
  /**
   * policy/NAME, pool/NAME, listener/NAME, backend/POOL/ADDRESS.
   */
  'key'?: (string);
  /**
   * Hex SHA-256 of the resource's canonical JSON. Equal hashes mean equal resources.
   */
  'hash'?: (string);
  'resource'?: (_lb_v1_Resource | null);
}

export interface SnapshotResource__Output {
  /**
   * policy/NAME, pool/NAME, listener/NAME, backend/POOL/ADDRESS.
   */
  'key': (string);
  /**
   * Hex SHA-256 of the resource's canonical JSON. Equal hashes mean equal resources.
   */
  'hash': (string);
  'resource': (_lb_v1_Resource__Output | null);
}
