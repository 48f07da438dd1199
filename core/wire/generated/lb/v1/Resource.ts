// Original file: proto/lb/v1/resources.proto

import type { Policy as _lb_v1_Policy, Policy__Output as _lb_v1_Policy__Output } from '../../lb/v1/Policy.ts';
import type { Pool as _lb_v1_Pool, Pool__Output as _lb_v1_Pool__Output } from '../../lb/v1/Pool.ts';
import type { Listener as _lb_v1_Listener, Listener__Output as _lb_v1_Listener__Output } from '../../lb/v1/Listener.ts';
import type { PoolBackend as _lb_v1_PoolBackend, PoolBackend__Output as _lb_v1_PoolBackend__Output } from '../../lb/v1/PoolBackend.ts';

/**
 * Any resource.
 */
export interface Resource {
  'policy'?: (_lb_v1_Policy | null);
  'pool'?: (_lb_v1_Pool | null);
  'listener'?: (_lb_v1_Listener | null);
  /**
   * A backend by itself, as it travels to the proxies and in lists of changes.
   */
  'backend'?: (_lb_v1_PoolBackend | null);
  'resource'?: "policy"|"pool"|"listener"|"backend";
}

/**
 * Any resource.
 */
export interface Resource__Output {
  'policy'?: (_lb_v1_Policy__Output | null);
  'pool'?: (_lb_v1_Pool__Output | null);
  'listener'?: (_lb_v1_Listener__Output | null);
  /**
   * A backend by itself, as it travels to the proxies and in lists of changes.
   */
  'backend'?: (_lb_v1_PoolBackend__Output | null);
  'resource'?: "policy"|"pool"|"listener"|"backend";
}
