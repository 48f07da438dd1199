/** Waits until every proxy on the roster runs a revision, one has rejected it, or the time is up. */
import { formatDuration } from '../../core/model/duration.ts';
import { sleep } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { age, counted } from '../../core/view/figures.ts';
import type { ProxyConvergence__Output } from '../../core/wire/generated/lb/v1/ProxyConvergence.ts';
import type { WaitConvergedResponse__Output } from '../../core/wire/generated/lb/v1/WaitConvergedResponse.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT } from '../exit.ts';
import { isRetryable, retry } from './retry.ts';
import type { Session } from './session.ts';

/**
 * Resolves when all have it. Ends the program with 1 when it was rejected, with 4 when time was up, and with 3 when no
 * control plane answered, unless this program has `committed` the revision itself: 3 means that nothing was written.
 */
export async function waitConverged(
  context: Context,
  session: Session,
  revision: string,
  committed = true,
): Promise<void> {
  const { clock, timeoutMs } = context;
  const untilMs = clock.nowMs() + timeoutMs;
  let latest: WaitConvergedResponse__Output | undefined;
  let failure: LbError | undefined;
  const attempt = async (progress: () => void): Promise<true | undefined> => {
    const timeLeftMs = Math.max(untilMs - clock.nowMs(), 1);
    for await (const message of session.stream('WaitConverged', { revision }, timeLeftMs)) {
      latest = message;
      progress();
      if (isSettled(context, revision, message)) return true;
      showProgress(context, revision, message.proxies);
    }
    return undefined;
  };
  const onFailure = (error: unknown) => {
    // An attempt that our own deadline cut short says less than the one before.
    if (failure === undefined || clock.nowMs() < untilMs) failure = error as LbError;
  };
  try {
    if (await retry(context, { attempt, onFailure, untilMs })) return;
  } catch (error) {
    if (!(error instanceof LbError)) throw error;
    if (!isRetryable(error)) throw committed ? noAnswer(context, revision, error, committed) : error;
    onFailure(error);
  }
  // When no other attempt fits before the deadline, this still ends then and not earlier.
  await sleep(clock, Math.max(untilMs - clock.nowMs(), 0));
  if (latest === undefined && failure) throw noAnswer(context, revision, failure, committed);
  const missing = missingIn(latest?.proxies ?? []);
  const names = missing.length === 0 ? '' : `: ${missing.map(({ proxyId }) => proxyId).join(', ')}`;
  throw new CliError(
    EXIT.timedOut,
    `after ${formatDuration(timeoutMs)}, revision ${revision} does not run on every proxy${names}`,
    missing.map((proxy) => describe(proxy, clock.wallMs())),
  );
}

function noAnswer(context: Context, revision: string, failure: LbError, committed: boolean): CliError {
  if (committed) {
    const message = `revision ${revision} is committed; no control plane says whether it runs everywhere`;
    return new CliError(EXIT.timedOut, message, [failure.message]);
  }
  const exit = failure.code === 'UNAVAILABLE' ? EXIT.unreachable : EXIT.timedOut;
  return new CliError(exit, `no control plane answers at ${context.servers.join(', ')}`, [failure.message]);
}

function isSettled(
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
  const missing = missingIn(proxies);
  const names = missing.map(({ proxyId, since }) =>
    since ? `${proxyId} (for ${age(since, context.clock.wallMs())})` : proxyId,
  );
  const applied = `${proxies.length - missing.length} of ${proxies.length} proxies`;
  tell(context, `revision ${revision} runs on ${applied}; waiting for ${names.join(', ')}`);
}

function missingIn(proxies: readonly ProxyConvergence__Output[]) {
  return proxies.filter(({ state }) => state !== 'STATE_APPLIED');
}

const STATES: Readonly<Record<ProxyConvergence__Output['state'], string>> = {
  STATE_UNSPECIFIED: 'is in an unknown state',
  STATE_APPLIED: 'runs it',
  STATE_REJECTED: 'rejected it',
  STATE_LAGGING: 'is connected but does not run it yet',
  STATE_DISCONNECTED: 'is disconnected',
};

function describe(proxy: ProxyConvergence__Output, nowMs: number): string {
  const { proxyId, state, revision, reason, since } = proxy;
  const why = reason === '' ? '' : `: ${reason}`;
  // For a disconnected proxy, the reason already contains this.
  const lags = state === 'STATE_LAGGING' && since ? `, for ${age(since, nowMs)}` : '';
  return `proxy ${proxyId} ${STATES[state]}${lags} (it runs revision ${revision})${why}`;
}
