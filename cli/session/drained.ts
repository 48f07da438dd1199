/** Waits until no proxy has a connection to a backend any more. */
import { canonicalAddress } from '../../core/model/address.ts';
import { formatDuration } from '../../core/model/duration.ts';
import { sleep } from '../../core/runtime/clock.ts';
import type { BackendStatus__Output } from '../../core/wire/generated/lb/v1/BackendStatus.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT } from '../exit.ts';
import { counted } from '../../core/view/figures.ts';
import type { Session } from './session.ts';

const LOOK_EVERY_MS = 500;

/** Resolves when every proxy has the revision and has since reported zero connections. Ends with 4 when time is up. */
export async function waitDrained(
  context: Context,
  session: Session,
  revision: string,
  pool: string,
  address: string,
): Promise<void> {
  const { clock, timeoutMs } = context;
  const end = clock.nowMs() + timeoutMs;
  let open: readonly string[] = ['no control plane has answered'];
  let shown = '';
  for (;;) {
    const fleet = await look(session, pool);
    if (fleet?.proxies.length === 0) return tell(context, 'no proxy is on the roster: nothing to wait for');
    if (fleet) open = undrained(fleet, BigInt(revision), canonicalAddress(address));
    if (open.length === 0) return tell(context, `no proxy has a connection to ${address}`);
    if (clock.nowMs() + LOOK_EVERY_MS >= end) {
      const message = `after ${formatDuration(timeoutMs)}, ${address} is not drained on every proxy`;
      throw new CliError(EXIT.timedOut, message, open);
    }
    const progress = open.join('; ');
    if (context.showProgress && progress !== shown) tell(context, `waiting: ${progress}`);
    shown = progress;
    await sleep(clock, LOOK_EVERY_MS);
  }
}

interface Fleet {
  readonly proxies: readonly Proxy__Output[];
  readonly statuses: readonly BackendStatus__Output[];
}

/** Undefined while no control plane answers: the drain itself is committed. */
async function look(session: Session, pool: string): Promise<Fleet | undefined> {
  try {
    const [{ proxies }, { statuses }] = await Promise.all([
      session.read('fleet', 'ListProxies', {}),
      session.read('fleet', 'ListBackendStatus', { pool }),
    ]);
    return { proxies, statuses };
  } catch (error) {
    if (error instanceof CliError && error.exitCode === EXIT.unreachable) return undefined;
    throw error;
  }
}

/** A line for each proxy that has not drained it: which, and why not. */
function undrained({ proxies, statuses }: Fleet, revision: bigint, address: string): string[] {
  return proxies.flatMap((proxy) => {
    const proxyId = proxy.info?.id ?? '';
    const status = statuses.find(
      (other) => other.proxyId === proxyId && other.report?.backend?.address === address,
    );
    const why = whyUndrained(proxy, status, revision);
    return why === undefined ? [] : [`proxy ${proxyId} ${why}`];
  });
}

function whyUndrained(
  proxy: Proxy__Output,
  status: BackendStatus__Output | undefined,
  revision: bigint,
): string | undefined {
  const runs = proxy.applied?.position?.revision ?? '0';
  const behind = BigInt(runs) < revision ? `runs revision ${runs}, not yet ${revision}` : undefined;
  if (!proxy.connected && behind) return `is not connected, and ${behind}`;
  if (behind) return behind;
  // It no longer lists the backend: nothing is open.
  if (status === undefined) return undefined;
  const connections = status.report?.connectionsActive ?? 0;
  const away = proxy.connected ? '' : 'is not connected, and ';
  if (connections > 0) return `${away}has ${counted(connections, 'connection')}`;
  // Zero before the revision was applied says nothing about what came after.
  return BigInt(status.revision) < revision
    ? `${away}has not reported since it applied revision ${revision}`
    : undefined;
}
