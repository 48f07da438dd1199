// Original file: proto/lb/v1/change.proto

import type { ResourceChange as _lb_v1_ResourceChange, ResourceChange__Output as _lb_v1_ResourceChange__Output } from '../../lb/v1/ResourceChange.ts';
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
   * What else the caller should know, in words: what a rollback left alone, for example. Empty for a repeated request.
   */
  'notes'?: (string)[];
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
   * What else the caller should know, in words: what a rollback left alone, for example. Empty for a repeated request.
   */
  'notes': (string)[];
}
