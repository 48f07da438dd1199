/** Waits until every proxy on the roster runs a revision, one has rejected it, or the time is up. */
import { formatDuration } from '../../core/model/duration.ts';
import { backoff } from '../../core/runtime/backoff.ts';
import { sleep } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { ProxyConvergence__Output } from '../../core/wire/generated/lb/v1/ProxyConvergence.ts';
import type { WaitConvergedResponse__Output } from '../../core/wire/generated/lb/v1/WaitConvergedResponse.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT } from '../exit.ts';
import { age, counted } from '../../core/view/figures.ts';
import type { Session } from './session.ts';

/**
 * Resolves when all have it. Ends the program with 1 when it was rejected, with 4 when time was up, and with 3 when no
 * control plane could be asked, unless this program has `committed` the revision itself: 3 would say that nothing was.
 */
export async function waitConverged(
  context: Context,
  session: Session,
  revision: string,
  committed = true,
): Promise<void> {
  const { clock, timeoutMs } = context;
  const end = clock.nowMs() + timeoutMs;
  const pause = backoff(200, 2_000, context.random);
  let latest: WaitConvergedResponse__Output | undefined;
  let failure: LbError | undefined;
  for (let left = timeoutMs; left > 0; left = end - clock.nowMs()) {
    try {
      for await (const message of session.stream('WaitConverged', { revision }, left)) {
        latest = message;
        pause.reset();
        if (settled(context, revision, message)) return;
        showProgress(context, revision, message.proxies);
      }
    } catch (error) {
      const told = failureOf(error);
      if (!retriable(told)) throw committed ? nobodySays(context, revision, told, committed) : told;
      failure = moreTelling(failure, told, clock.nowMs() >= end);
    }
    await sleep(clock, Math.min(pause.nextMs(), Math.max(end - clock.nowMs(), 0)));
  }
  if (latest === undefined && failure) throw nobodySays(context, revision, failure, committed);
  const missing = (latest?.proxies ?? []).filter(({ state }) => state !== 'STATE_APPLIED');
  const names = missing.length === 0 ? '' : `: ${missing.map(({ proxyId }) => proxyId).join(', ')}`;
  throw new CliError(
    EXIT.timedOut,
    `after ${formatDuration(timeoutMs)}, revision ${revision} does not run on every proxy${names}`,
    missing.map((proxy) => describe(proxy, clock.wallMs())),
  );
}

function nobodySays(context: Context, revision: string, failure: LbError, committed: boolean): CliError {
  if (committed) {
    const message = `revision ${revision} is committed; no control plane says whether it runs everywhere`;
    return new CliError(EXIT.timedOut, message, [failure.message]);
  }
  const exit = failure.code === 'UNAVAILABLE' ? EXIT.unreachable : EXIT.timedOut;
  return new CliError(exit, `no control plane answers at ${context.servers.join(', ')}`, [failure.message]);
}

/** A last try that our own deadline cut short says less than the one before. */
function moreTelling(before: LbError | undefined, last: LbError, isCutShort: boolean): LbError {
  return isCutShort ? (before ?? last) : last;
}

/** How the stream ended, by the control plane or the connection to it; any other error goes on. */
function failureOf(error: unknown): LbError {
  if (error instanceof LbError) return error;
  throw error;
}

/** A stream that broke can be opened again; anything else is an answer. */
function retriable({ code }: LbError): boolean {
  return code === 'UNAVAILABLE' || code === 'OUTCOME_UNKNOWN';
}

function settled(
  context: Context,
  revision: string,
  { outcome, proxies }: WaitConvergedResponse__Output,
): boolean {
  if (outcome === 'OUTCOME_REJECTED') {
    const rejected = proxies.filter(({ state }) => state === 'STATE_REJECTED');
    throw new CliError(
      EXIT.failed,
      `revision ${revision} is committed, but ${counted(rejected.length, 'proxy', 'proxies')} rejected it, wholly or in part`,
      rejected.map((proxy) => describe(proxy, context.clock.wallMs())),
    );
  }
  if (outcome !== 'OUTCOME_CONVERGED') return false;
  tell(
    context,
    proxies.length === 0
      ? 'no proxy is on the roster: nothing to wait for'
      : `revision ${revision} runs on ${counted(proxies.length, 'proxy', 'proxies')}`,
  );
  return true;
}

function showProgress(
  context: Context,
  revision: string,
  proxies: readonly ProxyConvergence__Output[],
): void {
  if (!context.showProgress) return;
  const applied = proxies.filter(({ state }) => state === 'STATE_APPLIED').length;
  const missing = proxies
    .filter(({ state }) => state !== 'STATE_APPLIED')
    .map(({ proxyId, since }) =>
      since ? `${proxyId} (for ${age(since, context.clock.wallMs())})` : proxyId,
    );
  tell(
    context,
    `revision ${revision} runs on ${applied} of ${proxies.length} proxies; waiting for ${missing.join(', ')}`,
  );
}

const STATES: Readonly<Record<ProxyConvergence__Output['state'], string>> = {
  STATE_UNSPECIFIED: 'is in an unknown state',
  STATE_APPLIED: 'runs it',
  STATE_REJECTED: 'rejected it',
  STATE_LAGGING: 'is connected and not there yet',
  STATE_DISCONNECTED: 'is not connected',
};

function describe(proxy: ProxyConvergence__Output, nowMs: number): string {
  const { proxyId, state, revision, reason, since } = proxy;
  const why = reason === '' ? '' : `: ${reason}`;
  // The reason of one that is away says it already.
  const lags = state === 'STATE_LAGGING' && since ? `, for ${age(since, nowMs)}` : '';
  return `proxy ${proxyId} ${STATES[state]}${lags} (it runs revision ${revision})${why}`;
}
