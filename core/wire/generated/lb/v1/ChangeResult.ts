// Original file: proto/lb/v1/change.proto

import type { ResourceChange as _lb_v1_ResourceChange, ResourceChange__Output as _lb_v1_ResourceChange__Output } from '../../lb/v1/ResourceChange.ts';
import type { Violation as _lb_v1_Violation, Violation__Output as _lb_v1_Violation__Output } from '../../lb/v1/Violation.ts';
import type { PoolEffect as _lb_v1_PoolEffect, PoolEffect__Output as _lb_v1_PoolEffect__Output } from '../../lb/v1/PoolEffect.ts';
import type { ListenerEffect as _lb_v1_ListenerEffect, ListenerEffect__Output as _lb_v1_ListenerEffect__Output } from '../../lb/v1/ListenerEffect.ts';
import type { Long } from '@grpc/proto-loader';

export interface ChangeResult {
  /**
   * The commit this request made, or the current one when it changed nothing.
   */
  'revision'?: (number | string | Long);
  /**
   * Nothing had to change: no commit was made.
   */
  'unchanged'?: (boolean);
  /**
   * Nothing was changed because the request said dry_run.
   */
  'dryRun'?: (boolean);
  /**
   * What the commit changed, or would change. Backends are listed by themselves.
   */
  'changes'?: (_lb_v1_ResourceChange)[];
  /**
   * This request_id was committed before: this is that commit's outcome.
   */
  'repeatedRequest'?: (boolean);
  /**
   * What else the caller should know, in words: what a rollback left alone, what the guard could not check. Empty for
   * a repeated request.
   */
  'notes'?: (string)[];
  /**
   * Why the guard would refuse it, or would have but for force. Set for a dry run and a forced change.
   */
  'guardRefusals'?: (_lb_v1_Violation)[];
  /**
   * Set for a dry run: where connections would go, for each pool where that changes.
   */
  'poolEffects'?: (_lb_v1_PoolEffect)[];
  /**
   * Set for a dry run: the listeners that would be deleted, or moved to another address.
   */
  'listenerEffects'?: (_lb_v1_ListenerEffect)[];
}

export interface ChangeResult__Output {
  /**
   * The commit this request made, or the current one when it changed nothing.
   */
  'revision': (string);
  /**
   * Nothing had to change: no commit was made.
   */
  'unchanged': (boolean);
  /**
   * Nothing was changed because the request said dry_run.
   */
  'dryRun': (boolean);
  /**
   * What the commit changed, or would change. Backends are listed by themselves.
   */
  'changes': (_lb_v1_ResourceChange__Output)[];
  /**
   * This request_id was committed before: this is that commit's outcome.
   */
  'repeatedRequest': (boolean);
  /**
   * What else the caller should know, in words: what a rollback left alone, what the guard could not check. Empty for
   * a repeated request.
   */
  'notes': (string)[];
  /**
   * Why the guard would refuse it, or would have but for force. Set for a dry run and a forced change.
   */
  'guardRefusals': (_lb_v1_Violation__Output)[];
  /**
   * Set for a dry run: where connections would go, for each pool where that changes.
   */
  'poolEffects': (_lb_v1_PoolEffect__Output)[];
  /**
   * Set for a dry run: the listeners that would be deleted, or moved to another address.
   */
  'listenerEffects': (_lb_v1_ListenerEffect__Output)[];
}
