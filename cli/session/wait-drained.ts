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
import { ProgressLine } from '../output/progress-line.ts';
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
      const parsed = parseAddress(address);
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
  const progress = new ProgressLine(context);
  let drain: Drain = { waitMs: timeoutMs, words: null };
  let reasons: readonly string[] = ['no control plane has answered'];
  for (;;) {
    const fleet = await orUndefined(readFleet(session, targets));
    const undrained = fleet && undrainedIn(fleet, BigInt(revision), targets);
    if (undrained?.length === 0) {
      progress.end();
      const isAlone = fleet?.proxies.length === 0;
      const nobody = 'no proxy is on the roster: nothing to wait for';
      return tell(context, isAlone ? nobody : `no proxy has a connection to ${what}`);
    }
    if (drain.words === null) drain = (await orUndefined(readDrain(context, session, targets))) ?? drain;
    if (undrained) reasons = listed(undrained.map(({ reason }) => reason));
    if (clock.nowMs() + POLL_MS >= startMs + drain.waitMs) {
      progress.end();
      const message = `after ${formatDuration(drain.waitMs)}, ${what} is not drained on every proxy`;
      throw new CliError(EXIT.timedOut, message, reasons);
    }
    const isKnown = undrained && drain.words !== null;
    progress.show(
      isKnown ? `${leftIn(undrained)}; ${drain.words}` : 'no control plane answers; trying again',
    );
    await sleep(clock, POLL_MS);
  }
}

interface Drain {
  readonly waitMs: number;
  /** When it ends, and until when that is waited for; null: not known yet. */
  readonly words: string | null;
}

/** The longest of the drains, each of which began when the state of its backend was changed, or just now. */
async function readDrain(
  context: Context,
  session: Session,
  targets: readonly DrainTarget[],
): Promise<Drain> {
  const [{ pools }, { policies }] = await Promise.all([
    session.read('pools', 'ListPools', {}),
    session.read('policies', 'ListPolicies', {}),
  ]);
  const { clock, timeoutMs, isTimeoutGiven } = context;
  const nowMs = clock.wallMs();
  const leftMs = targets.map(({ pool: name, address }) => {
    const pool = pools.find((one) => one.name === name);
    const timeout = policies.find((policy) => policy.name === pool?.policy)?.drainTimeout;
    const drainMs = timeout ? durationFromWire(timeout) : 0;
    if (drainMs === 0) return Number.POSITIVE_INFINITY;
    const since = pool?.backends.find((backend) => backend.address === address)?.stateSince;
    const passedMs = since ? nowMs - timestampFromWire(since) : 0;
    return Math.min(drainMs, Math.max(0, drainMs - passedMs));
  });
  const longestMs = Math.max(0, ...leftMs);
  const end = Number.isFinite(longestMs)
    ? `the drain ends by ${timeOfDay(nowMs + longestMs)}`
    : 'the drain has no end: drain_timeout is 0s';
  if (isTimeoutGiven) {
    return { waitMs: timeoutMs, words: `${end}; waiting until ${timeOfDay(nowMs + timeoutMs)}` };
  }
  // A deadline starts when a proxy has the revision, and its last reports need time, too.
  return { waitMs: Math.ceil(longestMs / 1_000) * 1_000 + timeoutMs, words: end };
}

function timeOfDay(wallMs: number): string {
  return `${isoTimeOf(wallMs)?.slice(11, 19)} UTC`;
}

interface Fleet {
  readonly proxies: readonly Proxy__Output[];
  readonly statuses: readonly BackendStatus__Output[];
}

async function readFleet(session: Session, targets: readonly DrainTarget[]): Promise<Fleet> {
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

/** Why a proxy has not drained a backend. */
interface Undrained {
  readonly proxyId: string;
  /** 0: something else has to happen first. */
  readonly connections: number;
  readonly reason: string;
}

function undrainedIn(
  { proxies, statuses }: Fleet,
  revision: bigint,
  targets: readonly DrainTarget[],
): Undrained[] {
  const byProxy = new Map(
    statuses.map((status) => [`${status.proxyId} ${keyOf(status.report?.backend)}`, status]),
  );
  return proxies.flatMap((proxy) => {
    const proxyId = proxy.info?.id ?? '';
    const away = proxy.connected ? '' : 'is disconnected, and ';
    return targets.flatMap((target) => {
      const status = byProxy.get(`${proxyId} ${keyOf(target)}`);
      const why = whyUndrained(proxy, status, revision, targets.length > 1 ? ` to ${keyOf(target)}` : '');
      return why === undefined ? [] : { ...why, proxyId, reason: `proxy ${proxyId} ${away}${why.reason}` };
    });
  });
}

/** `5 connections are left on 2 proxies`, and the first of what else is missing. */
function leftIn(undrained: readonly Undrained[]): string {
  const open = undrained.filter(({ connections }) => connections > 0);
  const count = open.reduce((sum, { connections }) => sum + connections, 0);
  const on = counted(new Set(open.map(({ proxyId }) => proxyId)).size, 'proxy', 'proxies');
  const left =
    count === 0 ? [] : [`${counted(count, 'connection')} ${count === 1 ? 'is' : 'are'} left on ${on}`];
  const others = undrained.filter(({ connections }) => connections === 0).map(({ reason }) => reason);
  return [...left, ...(others.length > 0 ? [few(others, 1)] : [])].join('; ');
}

function listed(reasons: readonly string[]): string[] {
  const different = [...new Set(reasons)];
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
): Omit<Undrained, 'proxyId'> | undefined {
  const because = (reason: string, connections = 0) => ({ reason, connections });
  if (sameId.length > 0) return because('shares its id with another process; give each its own --proxy-id');
  const runs = applied?.position?.revision ?? '0';
  if (BigInt(runs) < revision) return because(`runs revision ${runs}, not yet ${revision}`);
  // It no longer lists the backend: nothing is open.
  if (status === undefined) return undefined;
  const connections = status.report?.connectionsActive ?? 0;
  if (connections > 0) return because(`has ${counted(connections, 'connection')}${where}`, connections);
  // A zero from before the revision was applied says nothing about what came after.
  const isOld = BigInt(status.revision) < revision;
  return isOld ? because(`has not reported since it applied revision ${revision}`) : undefined;
}
