/** The fields that every changing request carries; proto/lb/v1/change.proto says what they mean. */
import { randomUUID } from 'node:crypto';
import type { Context } from '../context.ts';

/** Options of every command that changes something. */
export interface ChangeOptions {
  readonly wait?: true;
  readonly dryRun?: true;
  readonly force?: true;
  readonly message?: string;
}

/** Made once a command: a repeated request must carry the same request_id. */
export function changeFields(context: Context, options: ChangeOptions) {
  return {
    requestId: randomUUID(),
    author: context.author,
    message: options.message ?? '',
    dryRun: options.dryRun ?? false,
    force: options.force ?? false,
  };
}
