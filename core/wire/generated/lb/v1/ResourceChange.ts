// Original file: proto/lb/v1/change.proto

import type { Resource as _lb_v1_Resource, Resource__Output as _lb_v1_Resource__Output } from '../../lb/v1/Resource.ts';

// Original file: proto/lb/v1/change.proto

export const _lb_v1_ResourceChange_Action = {
  ACTION_UNSPECIFIED: 'ACTION_UNSPECIFIED',
  ACTION_CREATED: 'ACTION_CREATED',
  ACTION_UPDATED: 'ACTION_UPDATED',
  ACTION_DELETED: 'ACTION_DELETED',
} as const;

export type _lb_v1_ResourceChange_Action =
  | 'ACTION_UNSPECIFIED'
  | 0
  | 'ACTION_CREATED'
  | 1
  | 'ACTION_UPDATED'
  | 2
  | 'ACTION_DELETED'
  | 3

export type _lb_v1_ResourceChange_Action__Output = typeof _lb_v1_ResourceChange_Action[keyof typeof _lb_v1_ResourceChange_Action]

export interface ResourceChange {
  'action'?: (_lb_v1_ResourceChange_Action);
  /**
   * policy, pool, listener or backend.
   */
  'kind'?: (string);
  /**
   * A backend's name is POOL/ADDRESS.
   */
  'name'?: (string);
  /**
   * Unset when it was created. A pool here lists no backends.
   */
  'before'?: (_lb_v1_Resource | null);
  /**
   * Unset when it was deleted.
   */
  'after'?: (_lb_v1_Resource | null);
}

export interface ResourceChange__Output {
  'action': (_lb_v1_ResourceChange_Action__Output);
  /**
   * policy, pool, listener or backend.
   */
  'kind': (string);
  /**
   * A backend's name is POOL/ADDRESS.
   */
  'name': (string);
  /**
   * Unset when it was created. A pool here lists no backends.
   */
  'before': (_lb_v1_Resource__Output | null);
  /**
   * Unset when it was deleted.
   */
  'after': (_lb_v1_Resource__Output | null);
}
