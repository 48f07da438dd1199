/** How every changing command ends: the result printed, then the wait that was asked for. */
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import { type Context, tell } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { printChangeResult } from '../output/change-result.ts';
import { refusalLines } from '../output/effects.ts';
import type { ChangeOptions } from './change-fields.ts';
import { waitConverged } from './converge.ts';
import type { Session } from './session.ts';

/** Prints first: what was committed is so, however long its way to the proxies takes. */
export async function finishChange(
  context: Context,
  session: Session,
  result: ChangeResult__Output,
  options: ChangeOptions,
  wait: (context: Context, session: Session, revision: string) => Promise<void> = waitConverged,
): Promise<ExitCode> {
  printChangeResult(context, result);
  if (result.guardRefusals.length > 0) {
    const refused = result.dryRun && options.force !== true;
    tell(context, refused ? 'the guard would refuse this without --force:' : 'the guard was overruled:');
    for (const line of refusalLines(result)) tell(context, line);
    // As the change itself would end.
    if (refused) return EXIT.failed;
  }
  if (options.wait && !result.dryRun) await wait(context, session, result.revision);
  return EXIT.done;
}
