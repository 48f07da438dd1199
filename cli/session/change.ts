/** What every changing command does: it sends the request, prints the result, and waits when --wait was given. */
import { randomUUID } from 'node:crypto';
import type { Services } from '../../core/wire/definitions.ts';
import type { ChangeResult__Output } from '../../core/wire/generated/lb/v1/ChangeResult.ts';
import { type Context, tell } from '../context.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import { printChangeResult, refusalLines } from '../output/change-result.ts';
import { isOutputClosed } from '../output/standard-streams.ts';
import { waitConverged } from './wait-converged.ts';
import { type RequestOf, type Session, unknownOutcome } from './session.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

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

/** What --wait waits for. */
interface Waiting {
  readonly until: (context: Context, session: Session, revision: string) => Promise<void>;
  /** The command that goes on waiting after this one was interrupted. */
  readonly again: (revision: string) => string;
}

/** `request` goes without the fields that all changes share. `waiting`: when --wait is not for every proxy to run it. */
export type MakeChange = <S extends keyof Services, M extends keyof Services[S] & string>(
  service: S,
  method: M,
  request: Omit<RequestOf<S, M>, keyof ReturnType<typeof changeFields>>,
  options: ChangeOptions,
  waiting?: Waiting,
) => Promise<ExitCode>;

const CONVERGED: Waiting = { until: waitConverged, again: (revision) => `lbctl wait ${revision}` };

export function changeMaker(context: Context, session: Session): MakeChange {
  return (service, method, request, options, waiting = CONVERGED) => {
    const whole = { ...request, ...changeFields(context, options) };
    let standing = whole.dryRun ? '' : unknownOutcome(whole.requestId);
    const make = async () => {
      const result = (await session.change(service, method, whole as never)) as ChangeResult__Output;
      const { revision, unchanged, dryRun } = result;
      const committed = dryRun
        ? ''
        : unchanged
          ? 'nothing had to be changed'
          : `revision ${revision} is committed`;
      const isWaiting = options.wait && !dryRun;
      standing = isWaiting ? `${committed}; ${waiting.again(revision)} goes on waiting` : committed;
      // Printed before the wait: the revision is committed, however long it takes to reach the proxies.
      printChangeResult(context, result);
      if (tellRefusals(context, result, options)) return EXIT.failed;
      const untilDone = isWaiting ? waiting.until(context, session, revision) : null;
      await untilDone?.catch(goingOnWith(waiting.again(revision)));
      await requirePrinted(context, committed);
      return EXIT.done;
    };
    return sayingOnSignal(context, () => standing, make);
  };
}

/** When time is up, the last line says which command goes on waiting. */
function goingOnWith(command: string) {
  return (error: unknown): never => {
    if (!(error instanceof CliError) || error.exitCode !== EXIT.timedOut) throw error;
    throw new CliError(EXIT.timedOut, error.message, [...error.details, `${command} goes on waiting`]);
  };
}

/** Runs `action`. A signal meanwhile, such as Ctrl-C, says `standing()` unless that is empty, and ends the program as always. */
async function sayingOnSignal<T>(
  context: Context,
  standing: () => string,
  action: () => Promise<T>,
): Promise<T> {
  const onSignal = (signal: NodeJS.Signals) => {
    off();
    // A terminal has shown ^C on this line.
    if (context.showProgress) context.stderr.write('\n');
    if (standing() !== '') tell(context, `lbctl: ${standing()}`);
    process.kill(process.pid, signal);
  };
  const off = () => SIGNALS.forEach((signal) => process.off(signal, onSignal));
  SIGNALS.forEach((signal) => process.on(signal, onSignal));
  try {
    return await action();
  } finally {
    off();
  }
}

/** What the guard had against it. True: it would refuse it, and the dry run exits as the change itself would. */
function tellRefusals(context: Context, result: ChangeResult__Output, { force }: ChangeOptions): boolean {
  if (result.guardRefusals.length === 0) return false;
  const refused = result.dryRun && force !== true;
  tell(context, refused ? 'the guard would refuse this without --force:' : 'the guard was overridden:');
  for (const line of refusalLines(result)) tell(context, line);
  return refused;
}

/** Whoever was to read what became of the change must not take it for one that failed. */
async function requirePrinted(context: Context, committed: string): Promise<void> {
  const { stdout } = context;
  await stdout.settled();
  if (committed === '') return;
  if (isOutputClosed()) tell(context, `lbctl: ${committed}`);
  if (stdout.failure === null) return;
  throw new CliError(
    EXIT.unwritten,
    `${committed}, but standard output can't be written: ${messageOf(stdout.failure)}`,
  );
}
