/** Waits until no proxy has a connection to some backends any more. */
import { canonicalAddress, parseAddress } from '../../core/model/address.ts';
import { formatDuration } from '../../core/model/duration.ts';
import { formatIp, parseIp } from '../../core/model/ip.ts';
import { sleep } from '../../core/runtime/clock.ts';
import { counted } from '../../core/view/figures.ts';
import type { BackendStatus__Output } from '../../core/wire/generated/lb/v1/BackendStatus.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT } from '../exit.ts';
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

/** `what` names them all. Resolves when every proxy has the revision and has since reported zero connections. Ends with 4 when time is up. */
export async function waitDrained(
  context: Context,
  session: Session,
  revision: string,
  what: string,
  targets: readonly DrainTarget[],
): Promise<void> {
  const { clock, timeoutMs } = context;
  const endMs = clock.nowMs() + timeoutMs;
  let undrained: readonly string[] = ['no control plane has answered'];
  let shown = '';
  for (;;) {
    const fleet = await readFleet(session, targets);
    if (fleet?.proxies.length === 0) return tell(context, 'no proxy is on the roster: nothing to wait for');
    if (fleet) undrained = undrainedIn(fleet, BigInt(revision), targets);
    if (undrained.length === 0) return tell(context, `no proxy has a connection to ${what}`);
    if (clock.nowMs() + POLL_MS >= endMs) {
      const message = `after ${formatDuration(timeoutMs)}, ${what} is not drained on every proxy`;
      throw new CliError(EXIT.timedOut, message, undrained);
    }
    const progress = undrained.join('; ');
    if (context.showProgress && progress !== shown) tell(context, `waiting: ${progress}`);
    shown = progress;
    await sleep(clock, POLL_MS);
  }
}

interface Fleet {
  readonly proxies: readonly Proxy__Output[];
  readonly statuses: readonly BackendStatus__Output[];
}

/** Undefined while no control plane answers: the drain itself is committed. */
async function readFleet(session: Session, targets: readonly DrainTarget[]): Promise<Fleet | undefined> {
  const pools = new Set(targets.map(({ pool }) => pool));
  const pool = pools.size === 1 ? [...pools].join('') : '';
  try {
    const [{ proxies }, { statuses }] = await Promise.all([
      session.read('fleet', 'ListProxies', {}),
      session.read('fleet', 'ListBackendStatus', { pool }),
    ]);
    return { proxies, statuses };
  } catch (error) {
    if (isRetryable(error)) return undefined;
    throw error;
  }
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
