/** What every changing command does: it sends the request, prints the result, and waits when --wait was given. */
import { randomUUID } from 'node:crypto';
import type { Services } from '../../core/wire/definitions.ts';
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import { type Context, tell } from '../context.ts';
import { EXIT, type ExitCode } from '../exit.ts';
import { printChangeResult, refusalLines } from '../output/change-result.ts';
import { waitConverged } from './wait-converged.ts';
import type { RequestOf, Session } from './session.ts';

/** Options of every command that changes something. */
export interface ChangeOptions {
  readonly wait?: true;
  readonly dryRun?: true;
  readonly force?: true;
  readonly message?: string;
}

/** The fields that every changing request carries; proto/lb/v1/change.proto says what they mean. */
export function changeFields(context: Context, options: ChangeOptions) {
  return {
    // Made once for each command: a repeated request must carry the same one.
    requestId: randomUUID(),
    author: context.author,
    message: options.message ?? '',
    dryRun: options.dryRun ?? false,
    force: options.force ?? false,
  };
}

type Wait = (context: Context, session: Session, revision: string) => Promise<void>;

/** `request` goes without the fields that all changes share. `wait` is what --wait waits for, if not for every proxy. */
export type MakeChange = <S extends keyof Services, M extends keyof Services[S] & string>(
  service: S,
  method: M,
  request: Omit<RequestOf<S, M>, keyof ReturnType<typeof changeFields>>,
  options: ChangeOptions,
  wait?: Wait,
) => Promise<ExitCode>;

export function changeMaker(context: Context, session: Session): MakeChange {
  return async (service, method, request, options, wait = waitConverged) => {
    const whole = { ...request, ...changeFields(context, options) };
    const result = (await session.change(service, method, whole as never)) as ChangeResult__Output;
    // Printed before the wait: the revision is committed, however long it takes to reach the proxies.
    printChangeResult(context, result);
    if (result.guardRefusals.length > 0) {
      const refused = result.dryRun && options.force !== true;
      tell(context, refused ? 'the guard would refuse this without --force:' : 'the guard was overridden:');
      for (const line of refusalLines(result)) tell(context, line);
      // The dry run exits as the change itself would.
      if (refused) return EXIT.failed;
    }
    if (options.wait && !result.dryRun) await wait(context, session, result.revision);
    return EXIT.done;
  };
}
