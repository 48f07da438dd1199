/** The backends as configured and as registered, joined with what the proxies report of them. */
import { REGISTRATION_STATES, type RegistrationState } from '../../core/model/registration.ts';
import type { BackendState, Health } from '../../core/model/resources.ts';
import { wordFromWire } from '../../core/wire/enum-codec.ts';
import type { BackendReport__Output } from '../../core/wire/generated/lb/v1/BackendReport.ts';
import type { BackendStatus__Output } from '../../core/wire/generated/lb/v1/BackendStatus.ts';
import type { Pool__Output } from '../../core/wire/generated/lb/v1/Pool.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import type { Registration__Output } from '../../core/wire/generated/lb/v1/Registration.ts';
import { backendFromWire } from '../../core/wire/resource-codec.ts';
import type { Session } from '../session/session.ts';
import { healthFromWire } from './health.ts';

/** A backend as one proxy sees it. */
export interface Sight {
  readonly proxyId: string;
  /** What an absent proxy said last counts for nothing. */
  readonly connected: boolean;
  readonly health: Health;
  readonly report: BackendReport__Output;
  /** What the proxy had applied when it said so. */
  readonly revision: string;
}

/** Where a backend comes from. The configured one wins over what is registered under its address. */
export type Source = 'configured' | 'registered' | 'registered, shadowed' | 'registered, ignored';

export interface SeenBackend {
  readonly pool: string;
  readonly address: string;
  readonly weight: number;
  readonly state: BackendState | RegistrationState;
  readonly source: Source;
  /** Why a registration does not count, in words; empty when it does, or when there is none. */
  readonly sourceReason: string;
  /** The commit that last changed it; 0 for one that registered itself. */
  readonly revision: string;
  readonly sights: readonly Sight[];
}

/** The healths that connected proxies see. */
export function healthsOf(backend: SeenBackend): Health[] {
  return backend.sights.filter(({ connected }) => connected).map(({ health }) => health);
}

/** Connections over all connected proxies. */
export function connectionsOf(backend: SeenBackend): number {
  return backend.sights
    .filter(({ connected }) => connected)
    .reduce((sum, { report }) => sum + report.connectionsActive, 0);
}

/** Every backend, in the order of the pools. */
export async function readBackends(session: Session): Promise<SeenBackend[]> {
  const [{ pools }, { registrations }, { statuses }, { proxies }] = await Promise.all([
    session.read('pools', 'ListPools', {}),
    session.read('registrations', 'ListRegistrations', {}),
    session.read('fleet', 'ListBackendStatus', {}),
    session.read('fleet', 'ListProxies', {}),
  ]);
  return [
    ...joinBackends(pools, registrations, statuses, proxies),
    ...registrations.filter(({ source }) => source === 'REGISTRATION_SOURCE_IGNORED').map(ignored),
  ];
}

export function joinBackends(
  pools: readonly Pool__Output[],
  registrations: readonly Registration__Output[],
  statuses: readonly BackendStatus__Output[],
  proxies: readonly Proxy__Output[],
): SeenBackend[] {
  const connected = new Set(proxies.filter((proxy) => proxy.connected).map(({ info }) => info?.id));
  const sights = new Map<string, Sight[]>();
  for (const status of statuses) {
    const { report, proxyId, revision } = status;
    if (!report?.backend) continue;
    const key = `${report.backend.pool}/${report.backend.address}`;
    const seen = sights.get(key) ?? [];
    seen.push({
      proxyId,
      connected: connected.has(proxyId),
      health: healthFromWire(report.health),
      report,
      revision,
    });
    sights.set(key, seen);
  }
  const sightsOf = (pool: string, address: string) => sights.get(`${pool}/${address}`) ?? [];
  return pools.flatMap((pool) => {
    const own = registrations.filter((registration) => registration.pool === pool.name);
    const configured = pool.backends.map((wire) => {
      const shadowed = own.find(({ address }) => address === wire.address);
      return {
        ...backendFromWire(pool.name, wire, '', []),
        source: shadowed ? ('registered, shadowed' as const) : ('configured' as const),
        sourceReason: shadowed?.reason ?? '',
        revision: wire.revision,
        sights: sightsOf(pool.name, wire.address),
      };
    });
    const registered = own
      .filter(({ source }) => source === 'REGISTRATION_SOURCE_REGISTERED')
      .map((registration) => ({
        ...seenOf(registration, 'registered'),
        sights: sightsOf(pool.name, registration.address),
      }));
    return [...configured, ...registered];
  });
}

/** In no pool that proxies know. */
function ignored(registration: Registration__Output): SeenBackend {
  return seenOf(registration, 'registered, ignored');
}

function seenOf({ pool, address, weight, state, reason }: Registration__Output, source: Source): SeenBackend {
  const word = wordFromWire('REGISTRATION_STATE', REGISTRATION_STATES, state, '', []) ?? 'active';
  return { pool, address, weight, state: word, source, sourceReason: reason, revision: '0', sights: [] };
}
