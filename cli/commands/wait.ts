/** `lbctl wait`. */
import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { waitConverged } from '../session/converge.ts';
import type { Session } from '../session/session.ts';

export async function wait(context: Context, session: Session, revision: string): Promise<ExitCode> {
  await waitConverged(context, session, revision, false);
  return EXIT.done;
}
