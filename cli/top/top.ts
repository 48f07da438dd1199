/** `lbctl top`: live figures of the fleet, on a screen or printed one after the other. */
import { type Context, tell } from '../context.ts';
import { CliError, EXIT, type ExitCode } from '../exit.ts';
import type { Session } from '../session/session.ts';
import { BackendStates } from './backend-states.ts';
import { watchFrames } from './frames.ts';
import { runLive, terminalOf } from './live.ts';
import { printFrame } from './plain.ts';

export interface TopOptions {
  /** Undefined: all pools. */
  readonly pool: string | undefined;
  readonly intervalMs: number;
  /** Undefined: until it is interrupted. */
  readonly count: number | undefined;
}

export async function runTop(context: Context, session: Session, options: TopOptions): Promise<ExitCode> {
  const { format } = context;
  if (format === 'name') throw new CliError(EXIT.usage, 'top prints no names: use -o table, json or yaml');
  const terminal = terminalOf(context);
  const isLive = options.count === undefined && (format === 'table' || format === 'wide');
  if (terminal !== null && isLive) return runLive(context, session, terminal, options);
  return printFrames(context, session, options);
}

async function printFrames(
  context: Context,
  session: Session,
  { pool, intervalMs, count = Number.POSITIVE_INFINITY }: TopOptions,
): Promise<ExitCode> {
  const end = new AbortController();
  const states = new BackendStates(session, context.clock);
  let printed = 0;
  let isLost = false;
  await watchFrames(context, session, {
    pool,
    intervalMs,
    patienceMs: Math.max(context.timeoutMs, intervalMs),
    signal: end.signal,
    onFrame: async (frame, server) => {
      if (end.signal.aborted) return;
      if (isLost) tell(context, `${server} sends figures now`);
      isLost = false;
      await states.refresh(frame.revision);
      await printFrame(context, frame, states.current);
      printed += 1;
      if (printed >= count) end.abort();
    },
    onLost: (reason, server) => {
      if (!isLost) tell(context, `${server} is lost (${reason}); trying again`);
      isLost = true;
    },
  });
  return EXIT.done;
}
