/** Which proxies of the roster run a revision, and why the others do not. Pure. */
import { violationText } from '../../core/model/violation.ts';
import type {
  ProxyConvergence,
  _lb_v1_ProxyConvergence_State as State,
} from '../../core/wire/generated/lb/v1/ProxyConvergence.ts';
import { timestampToWire } from '../../core/wire/timestamp-codec.ts';
import type { Violation__Output } from '../../core/wire/generated/lb/v1/Violation.ts';
import type { WaitConvergedResponse } from '../../core/wire/generated/lb/v1/WaitConvergedResponse.ts';
import { NEVER_SEEN_MS, type ProxyRecord, appliedRevision } from './proxy-record.ts';

/** How many violations a reason quotes; all of them are in the proxy's log and in ListProxies. */
const QUOTED = 5;

export interface Convergence {
  readonly response: WaitConvergedResponse;
  /** Final: all proxies run the revision, or one refused it and no connected proxy is still behind. */
  readonly settled: boolean;
}

export interface ConvergenceFacts {
  readonly rosterKnown?: boolean;
  /** When a revision was committed; undefined if unknown. */
  readonly committedMs?: (revision: number) => number | undefined;
}

/** An empty roster has converged once it is known to be empty (Fleet.unknownForMs). */
export function convergence(
  roster: readonly ProxyRecord[],
  storeId: string,
  revision: number,
  { rosterKnown = true, committedMs = () => undefined }: ConvergenceFacts = {},
): Convergence {
  const proxies = roster.map((proxy) => convergenceOf(proxy, storeId, revision, committedMs));
  const has = (state: State) => proxies.some((proxy) => proxy.state === state);
  const lagging = has('STATE_LAGGING');
  if (has('STATE_REJECTED') && !lagging) {
    return { response: { outcome: 'OUTCOME_REJECTED', proxies }, settled: true };
  }
  const unknown = roster.length === 0 && !rosterKnown;
  const pending = unknown || lagging || has('STATE_DISCONNECTED');
  return {
    response: { outcome: pending ? 'OUTCOME_PENDING' : 'OUTCOME_CONVERGED', proxies },
    settled: !pending,
  };
}

function convergenceOf(
  proxy: ProxyRecord,
  storeId: string,
  revision: number,
  committedMs: NonNullable<ConvergenceFacts['committedMs']>,
): ProxyConvergence {
  const { applied } = proxy;
  const runs = appliedRevision(proxy);
  const is = (state: State, reason = '', sinceMs?: number): ProxyConvergence => ({
    proxyId: proxy.info.id,
    state,
    revision: String(Math.max(runs, 0)),
    reason,
    ...(sinceMs !== undefined && { since: timestampToWire(sinceMs) }),
  });
  if (proxy.sameId.length > 0) return is('STATE_LAGGING', sameId(proxy));
  if (!proxy.connected) {
    const { lastSeenMs } = proxy;
    return is('STATE_DISCONNECTED', absence(proxy), lastSeenMs === NEVER_SEEN_MS ? undefined : lastSeenMs);
  }
  const runsStore = applied?.position?.storeId;
  if (runsStore !== undefined && runsStore !== storeId) {
    return is('STATE_LAGGING', `runs the configuration of another store, ${runsStore}`);
  }
  const refusal = refusalOf(proxy, revision);
  if (refusal !== '') return is('STATE_REJECTED', refusal);
  if (runs >= revision) return is('STATE_APPLIED');
  if (runs < 0) return is('STATE_LAGGING', 'has no configuration yet', proxy.openedMs);
  return is('STATE_LAGGING', '', committedMs(runs + 1));
}

function sameId({ info, peer, sameId }: ProxyRecord): string {
  const peers = [peer, ...sameId.map((other) => other.peer)].join(' and ');
  const what = `${sameId.length + 1} processes report as proxy ${info.id}, from ${peers}`;
  return `${what}; give each its own --proxy-id, and forget those that are gone: lbctl delete proxy ${info.id}`;
}

function absence({ lastSeenMs }: ProxyRecord): string {
  if (lastSeenMs === NEVER_SEEN_MS) return 'not seen since this control plane started';
  return `last seen ${new Date(lastSeenMs).toISOString()}`;
}

/** Which listeners of the revision the proxy can't run, or why it refused the revision; empty: neither. */
function refusalOf(proxy: ProxyRecord, revision: number): string {
  const { failedListeners = [], rejected = null } = proxy.applied ?? {};
  if (appliedRevision(proxy) >= revision) {
    return failedListeners
      .map(({ listener, address, reason }) => `listener ${listener}: ${address}: ${reason}`)
      .join('; ');
  }
  if (!rejected?.position || Number(rejected.position.revision) < revision) return '';
  return `refused revision ${rejected.position.revision}: ${quote(rejected.violations)}`;
}

function quote(violations: readonly Violation__Output[]): string {
  const quoted = violations.slice(0, QUOTED).map(violationText);
  const more = violations.length - quoted.length;
  if (more > 0) quoted.push(`and ${more} more`);
  return quoted.join('; ');
}
