/** The backends as configured, as registered and as names lead to them, joined with what the proxies report of them. Pure. */
import { REGISTRATION_STATES, type RegistrationState } from '../model/resources.ts';
import type { BackendState, Health } from '../model/resources.ts';
import { wordFromWire } from '../wire/enum-codec.ts';
import type { BackendReport__Output } from '../wire/generated/lb/v1/BackendReport.ts';
import type { BackendStatus__Output } from '../wire/generated/lb/v1/BackendStatus.ts';
import type { Pool__Output } from '../wire/generated/lb/v1/Pool.ts';
import type { Proxy__Output } from '../wire/generated/lb/v1/Proxy.ts';
import type { ListRegistrationsResponse__Output } from '../wire/generated/lb/v1/ListRegistrationsResponse.ts';
import type { Registration__Output } from '../wire/generated/lb/v1/Registration.ts';
import { backendFromWire } from '../wire/resource-codec.ts';
import { timestampFromWire } from '../wire/timestamp-codec.ts';
import { ageOf } from './figures.ts';
import { healthFromWire } from './health.ts';
import { type BackendSummary, BackendTotals, UNREPORTED } from './reports.ts';

/** What one proxy reported of a backend. */
export interface ProxyReport {
  readonly proxyId: string;
  readonly connected: boolean;
  readonly health: Health;
  readonly report: BackendReport__Output;
  /** What the proxy had applied when it reported this. */
  readonly revision: string;
}

/** Where a backend comes from. The configured one wins over one that is registered with its address. */
type BackendSource = 'configured' | 'registered' | 'registered, shadowed' | 'registered, ignored' | 'dns';

export interface BackendView {
  readonly pool: string;
  readonly address: string;
  readonly weight: number;
  readonly tier: number;
  /** 0: no limit. */
  readonly maxConnections: number;
  readonly state: BackendState | RegistrationState;
  readonly source: BackendSource;
  /** The name that it comes from; empty unless the source is `dns`. */
  readonly name: string;
  /** Why a registration does not count, in words; empty when it does, or when there is none. */
  readonly sourceReason: string;
  /** The commit that last changed it; 0 for one that is not configured. */
  readonly revision: string;
  /** When its state was last changed; null where that is not known. */
  readonly stateSinceMs: number | null;
  readonly reports: readonly ProxyReport[];
  /** Of the connected proxies. */
  readonly summary: BackendSummary;
}

/** `active`, or `draining for 3d`: what is not in service says since when, so that nobody forgets it. */
export function stateText({ state, stateSinceMs }: BackendView, nowMs: number): string {
  return state === 'active' || stateSinceMs === null ? state : `${state} for ${ageOf(stateSinceMs, nowMs)}`;
}

/**
 * Backends that pass the check at some connected proxy, which is what expect_healthy is about. A draining one counts: two
 * servers that both say they are the primary are two, whatever an operator has made of them. A disabled one is not checked.
 */
export function passing<T extends Pick<BackendView, 'summary'>>(backends: readonly T[]): readonly T[] {
  return backends.filter(({ summary }) => summary.health.healthy > 0);
}

/** In the order of the pools, then the registrations that are in no pool. */
export function joinBackends(
  pools: readonly Pool__Output[],
  { registrations, names }: Pick<ListRegistrationsResponse__Output, 'registrations' | 'names'>,
  statuses: readonly BackendStatus__Output[],
  proxies: readonly Proxy__Output[],
): BackendView[] {
  const reported = byBackend(statuses, proxies);
  const reportedOf = (pool: string, address: string) =>
    reported.get(`${pool}/${address}`) ?? { reports: [], summary: UNREPORTED };
  const inPools = pools.flatMap(({ name: pool, backends }) => {
    const own = registrations.filter((registration) => registration.pool === pool);
    const configured = backends.map((wire): BackendView => {
      const shadowed = own.find(({ address }) => address === wire.address);
      return {
        tier: 0,
        maxConnections: 0,
        ...backendFromWire(pool, wire, '', []),
        source: shadowed ? 'registered, shadowed' : 'configured',
        name: '',
        sourceReason: shadowed?.reason ?? '',
        revision: wire.revision,
        stateSinceMs: wire.stateSince ? timestampFromWire(wire.stateSince) : null,
        ...reportedOf(pool, wire.address),
      };
    });
    const registered = own
      .filter(({ source }) => source === 'REGISTRATION_SOURCE_REGISTERED')
      .map((registration) => ({
        ...registrationView(registration, 'registered'),
        ...reportedOf(pool, registration.address),
      }));
    const named = names
      .filter((each) => each.pool === pool)
      .flatMap(({ name, problem, backends: found }) =>
        found.map((wire): BackendView => {
          const { revision, stateSinceMs } = UNCOMMITTED;
          const source = { source: 'dns', name, sourceReason: problem } as const;
          const fields = { tier: 0, maxConnections: 0, ...backendFromWire(pool, wire, '', []) };
          return { ...fields, ...source, revision, stateSinceMs, ...reportedOf(pool, wire.address) };
        }),
      );
    return [...configured, ...registered, ...named];
  });
  const ignored = registrations.filter(({ source }) => source === 'REGISTRATION_SOURCE_IGNORED');
  return [
    ...inPools,
    ...ignored.map((registration) => registrationView(registration, 'registered, ignored')),
  ];
}

/** What is not configured has no commit. */
const UNCOMMITTED = { revision: '0', stateSinceMs: null } as const;

function registrationView(registration: Registration__Output, source: BackendSource): BackendView {
  const { pool, address, weight, state: wire, reason } = registration;
  const state = wordFromWire('REGISTRATION_STATE', REGISTRATION_STATES, wire, '', []) ?? 'active';
  const fields = { pool, address, weight, state, source, name: '', sourceReason: reason, ...UNCOMMITTED };
  return { ...fields, tier: 0, maxConnections: 0, reports: [], summary: UNREPORTED };
}

/** By POOL/ADDRESS. */
function byBackend(statuses: readonly BackendStatus__Output[], proxies: readonly Proxy__Output[]) {
  const connected = new Set(proxies.filter((proxy) => proxy.connected).map(({ info }) => info?.id));
  const found = new Map<string, { readonly reports: ProxyReport[]; readonly summary: BackendTotals }>();
  for (const { report, proxyId, revision } of statuses) {
    if (!report?.backend) continue;
    const key = `${report.backend.pool}/${report.backend.address}`;
    const { reports, summary } = found.get(key) ?? { reports: [], summary: new BackendTotals() };
    found.set(key, { reports, summary });
    const isConnected = connected.has(proxyId);
    reports.push({
      proxyId,
      connected: isConnected,
      health: healthFromWire(report.health),
      report,
      revision,
    });
    if (isConnected) summary.add(proxyId, report);
  }
  return found;
}
