/** Waits until no proxy has a connection to some backends any more. */
import { canonicalAddress, parseAddress } from '../../core/model/address.ts';
import { formatDuration } from '../../core/model/duration.ts';
import { formatIp, parseIp } from '../../core/model/ip.ts';
import { sleep } from '../../core/runtime/clock.ts';
import { counted, few, isoTimeOf } from '../../core/view/figures.ts';
import { durationFromWire } from '../../core/wire/duration-codec.ts';
import type { BackendStatus__Output } from '../../core/wire/generated/lb/v1/BackendStatus.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { timestampFromWire } from '../../core/wire/timestamp-codec.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT } from '../exit.ts';
import { printable } from '../../core/runtime/printable.ts';
import { isRetryable } from './retry.ts';
import type { Session } from './session.ts';

const POLL_MS = 500;
/** Reasons that are listed. */
const MAX_REASONS = 50;

export interface DrainTarget {
  readonly pool: string;
  readonly address: string;
}

/** Those that are configured, in every pool. */
export async function backendsOfHost(session: Session, ip: string): Promise<DrainTarget[]> {
  const { pools } = await session.read('pools', 'ListPools', {});
  const bytes = parseIp(ip);
  return pools.flatMap(({ name, backends }) =>
    backends.flatMap(({ address }) => {
      const parsed = parseAddress(address, 'backend');
      const isOnHost = parsed.ok && bytes !== null && parsed.value.host === formatIp(bytes);
      return isOnHost ? [{ pool: name, address }] : [];
    }),
  );
}

/**
 * `what` names them all. Resolves when every proxy has the revision and has since reported zero connections. Without --timeout
 * it waits as long as the longest of the drains may take. Ends with 4 when time is up.
 */
export async function waitDrained(
  context: Context,
  session: Session,
  revision: string,
  what: string,
  targets: readonly DrainTarget[],
): Promise<void> {
  const { clock, timeoutMs } = context;
  const startMs = clock.nowMs();
  const progress = progressLine(context);
  let drain: Drain = { waitMs: timeoutMs, words: '' };
  let reasons: readonly string[] = ['no control plane has answered'];
  for (;;) {
    const fleet = await orUndefined(readFleet(session, targets));
    if (fleet) reasons = undrainedIn(fleet, BigInt(revision), targets);
    if (reasons.length === 0) {
      progress('');
      const nobody = fleet?.proxies.length === 0 && 'no proxy is on the roster: nothing to wait for';
      return tell(context, nobody || `no proxy has a connection to ${what}`);
    }
    if (drain.words === '') drain = (await orUndefined(readDrain(context, session, targets))) ?? drain;
    if (clock.nowMs() + POLL_MS >= startMs + drain.waitMs) {
      progress('');
      const message = `after ${formatDuration(drain.waitMs)}, ${what} is not drained on every proxy`;
      throw new CliError(EXIT.timedOut, message, reasons);
    }
    const left = fleet && `${leftIn(fleet, targets)} (${few(reasons, 2)}); ${drain.words}`;
    progress(left ?? 'no control plane answers; trying again');
    await sleep(clock, POLL_MS);
  }
}

const LOG_EVERY_MS = 10_000;
/** To the start of the line, which is erased; what is wider than the terminal is cut and not wrapped. */
const ERASE = '\r\u001b[K';
const UNWRAPPED = ['\u001b[?7l', '\u001b[?7h'] as const;

/** One line of a terminal, written again and again, or a line now and then for a log. An empty one takes the last away. */
function progressLine({ clock, showProgress, stderr }: Context): (line: string) => void {
  let shown = '';
  let nextMs = Number.NEGATIVE_INFINITY;
  return (line) => {
    if (line === shown || (!showProgress && (line === '' || clock.nowMs() < nextMs))) return;
    if (showProgress) stderr.write(ERASE + (line === '' ? '' : UNWRAPPED.join(printable(line))));
    else stderr.write(`${printable(line)}\n`);
    shown = line;
    nextMs = clock.nowMs() + LOG_EVERY_MS;
  };
}

interface Drain {
  readonly waitMs: number;
  /** When it ends, and until when that is waited for; empty: not known yet. */
  readonly words: string;
}

/** The longest of the drains, each of which began when the state of its backend was changed, or just now. */
async function readDrain(
  { clock, timeoutMs, isTimeoutGiven }: Context,
  session: Session,
  targets: readonly DrainTarget[],
): Promise<Drain> {
  const { pools } = await session.read('pools', 'ListPools', {});
  const { policies } = await session.read('policies', 'ListPolicies', {});
  const nowMs = clock.wallMs();
  const endsMs = targets.map(({ pool: name, address }) => {
    const pool = pools.find((one) => one.name === name);
    const timeout = policies.find((policy) => policy.name === pool?.policy)?.drainTimeout;
    const drainMs = timeout ? durationFromWire(timeout) : 0;
    const since = pool?.backends.find((backend) => backend.address === address)?.stateSince;
    const startMs = since ? Math.min(nowMs, timestampFromWire(since)) : nowMs;
    return drainMs === 0 ? Number.POSITIVE_INFINITY : startMs + drainMs;
  });
  const endMs = Math.max(nowMs, ...endsMs);
  const end = Number.isFinite(endMs)
    ? `the drain ends by ${timeOfDay(endMs)}`
    : 'the drain has no end: drain_timeout is 0s';
  if (isTimeoutGiven) {
    return { waitMs: timeoutMs, words: `${end}; waiting until ${timeOfDay(nowMs + timeoutMs)}` };
  }
  // A deadline starts when a proxy has the revision, and its last reports need time, too.
  return { waitMs: Math.ceil((endMs - nowMs) / 1_000) * 1_000 + timeoutMs, words: end };
}

function timeOfDay(wallMs: number): string {
  return `${isoTimeOf(wallMs)?.slice(11, 19)} UTC`;
}

type Fleet = Awaited<ReturnType<typeof readFleet>>;

async function readFleet(session: Session, targets: readonly DrainTarget[]) {
  const named = new Set(targets.map(({ pool }) => pool));
  const pool = named.size === 1 ? [...named].join('') : '';
  const [{ proxies }, { statuses }] = await Promise.all([
    session.read('fleet', 'ListProxies', {}),
    session.read('fleet', 'ListBackendStatus', { pool }),
  ]);
  return { proxies, statuses };
}

/** Undefined while no control plane answers: the drain itself is committed. */
async function orUndefined<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading;
  } catch (error) {
    if (isRetryable(error)) return undefined;
    throw error;
  }
}

function leftIn({ statuses }: Fleet, targets: readonly DrainTarget[]): string {
  const keys = new Set(targets.map(keyOf));
  const count = statuses
    .filter(({ report }) => keys.has(keyOf(report?.backend)))
    .reduce((sum, { report }) => sum + (report?.connectionsActive ?? 0), 0);
  return `${counted(count, 'connection')} left`;
}

/** A line for each proxy that has not drained them: which, and why not. */
function undrainedIn(
  { proxies, statuses }: Fleet,
  revision: bigint,
  targets: readonly DrainTarget[],
): string[] {
  const byProxy = new Map(
    statuses.map((status) => [`${status.proxyId} ${keyOf(status.report?.backend)}`, status]),
  );
  const lines = proxies.flatMap((proxy) => {
    const proxyId = proxy.info?.id ?? '';
    return targets.flatMap((target) => {
      const status = byProxy.get(`${proxyId} ${keyOf(target)}`);
      const reason = whyUndrained(proxy, status, revision, targets.length > 1 ? ` to ${keyOf(target)}` : '');
      return reason === undefined
        ? []
        : `proxy ${proxyId} ${proxy.connected ? '' : 'is disconnected, and '}${reason}`;
    });
  });
  const different = [...new Set(lines)];
  const more = different.length - MAX_REASONS;
  return more > 0 ? [...different.slice(0, MAX_REASONS), `and ${more} more`] : different;
}

function keyOf(backend: DrainTarget | null | undefined): string {
  return backend ? `${backend.pool}/${canonicalAddress(backend.address)}` : '';
}

function whyUndrained(
  { applied, sameId }: Proxy__Output,
  status: BackendStatus__Output | undefined,
  revision: bigint,
  where: string,
): string | undefined {
  if (sameId.length > 0) return 'shares its id with another process; give each its own --proxy-id';
  const runs = applied?.position?.revision ?? '0';
  if (BigInt(runs) < revision) return `runs revision ${runs}, not yet ${revision}`;
  // It no longer lists the backend: nothing is open.
  if (status === undefined) return undefined;
  const connections = status.report?.connectionsActive ?? 0;
  if (connections > 0) return `has ${counted(connections, 'connection')}${where}`;
  // A zero from before the revision was applied says nothing about what came after.
  const isOld = BigInt(status.revision) < revision;
  return isOld ? `has not reported since it applied revision ${revision}` : undefined;
}
