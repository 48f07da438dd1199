/** `lbctl store adopt`. */
import type { Context } from '../context.ts';
import type { ExitCode } from '../exit.ts';
import { type ChangeOptions, changeFields } from '../session/change-fields.ts';
import type { Session } from '../session/session.ts';
import { finishChange } from '../session/change.ts';

export interface AdoptOptions extends ChangeOptions {
  readonly replaces?: readonly string[];
}

export async function adoptStore(
  context: Context,
  session: Session,
  options: AdoptOptions,
): Promise<ExitCode> {
  const request = { replaces: [...(options.replaces ?? [])], ...changeFields(context, options) };
  return finishChange(context, session, await session.change('config', 'AdoptStore', request), options);
}
