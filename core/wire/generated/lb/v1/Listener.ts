// Original file: proto/lb/v1/resources.proto

import type { Long } from '@grpc/proto-loader';

/**
 * An address that proxies accept connections on.
 */
export interface Listener {
  /**
   * Unique among listeners.
   */
  'name'?: (string);
  /**
   * IP:PORT, IPv6 as [IP]:PORT. No two listeners may overlap.
   */
  'address'?: (string);
  /**
   * Name of the pool that serves it.
   */
  'pool'?: (string);
  /**
   * Output: the commit that last changed this resource.
   */
  'revision'?: (number | string | Long);
}

/**
 * An address that proxies accept connections on.
 */
export interface Listener__Output {
  /**
   * Unique among listeners.
   */
  'name': (string);
  /**
   * IP:PORT, IPv6 as [IP]:PORT. No two listeners may overlap.
   */
  'address': (string);
  /**
   * Name of the pool that serves it.
   */
  'pool': (string);
  /**
   * Output: the commit that last changed this resource.
   */
  'revision': (string);
}
