/** `top`: live figures of the fleet, on a screen or line by line. */
import { type Context, tell } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import type { Session } from '../session/session.ts';
import { BackendStates } from './backend-states.ts';
import { watchFrames } from './frames.ts';
import { runLive, terminalOf } from './live.ts';
import { frameText } from './plain.ts';

export interface TopOptions {
  readonly interval: number;
  readonly count?: number;
}

export async function top(
  context: Context,
  session: Session,
  pool: string | undefined,
  { interval: intervalMs, count }: TopOptions,
): Promise<ExitCode> {
  const { format } = context;
  if (format === 'name') throw new CliError(EXIT.usage, 'top prints no names: use -o table, json or yaml');
  const terminal = terminalOf(context);
  const isLive = count === undefined && (format === 'table' || format === 'wide');
  if (terminal !== null && isLive) return await runLive(context, session, terminal, { pool, intervalMs });
  return await printFrames(context, session, pool, intervalMs, count ?? Number.POSITIVE_INFINITY);
}

async function printFrames(
  context: Context,
  session: Session,
  pool: string | undefined,
  intervalMs: number,
  count: number,
): Promise<ExitCode> {
  const end = new AbortController();
  const states = new BackendStates(session);
  let printed = 0;
  let lost = '';
  await watchFrames(
    context,
    session,
    {
      pool,
      intervalMs,
      signal: end.signal,
      onFrame: (frame, server) => {
        if (end.signal.aborted) return;
        if (lost !== '') tell(context, `${server} sends figures now`);
        lost = '';
        states.look(frame.revision, context.clock.nowMs());
        context.stdout.write(frameText(context, context.format, frame, states.current));
        printed += 1;
        if (printed >= count) end.abort();
      },
      onLost: (reason, server) => {
        if (lost === '') tell(context, `${server} is lost (${reason}); trying on`);
        lost = server;
      },
    },
    Math.max(context.timeoutMs, intervalMs),
  );
  return EXIT.done;
}
