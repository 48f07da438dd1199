// Original file: proto/lb/v1/report_service.proto

import type { Position as _lb_v1_Position, Position__Output as _lb_v1_Position__Output } from '../../lb/v1/Position.ts';
import type { Long } from '@grpc/proto-loader';

/**
 * Sent at once and whenever it changes, at most once a second.
 */
export interface StreamReportsResponse {
  /**
   * Where the replica stands.
   */
  'position'?: (_lb_v1_Position | null);
  /**
   * Milliseconds since it last heard from its store.
   */
  'storeAgeMs'?: (number | string | Long);
  /**
   * It is about to stop: open no discovery stream to it.
   */
  'stopping'?: (boolean);
}

/**
 * Sent at once and whenever it changes, at most once a second.
 */
export interface StreamReportsResponse__Output {
  /**
   * Where the replica stands.
   */
  'position': (_lb_v1_Position__Output | null);
  /**
   * Milliseconds since it last heard from its store.
   */
  'storeAgeMs': (string);
  /**
   * It is about to stop: open no discovery stream to it.
   */
  'stopping': (boolean);
}
