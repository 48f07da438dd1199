/**
 * The resources that an operator declares, as plain immutable values with every field filled in.
 * Durations are whole milliseconds. `proto/lb/v1/resources.proto` documents each field for its users.
 */
export const STRATEGIES = [
  'round_robin',
  'least_connections',
  'power_of_two_choices',
  'random',
  'source_hash',
  'peak_ewma',
] as const;
export type Strategy = (typeof STRATEGIES)[number];

export const BACKEND_STATES = ['active', 'draining', 'disabled'] as const;
export type BackendState = (typeof BACKEND_STATES)[number];

export const HEALTH_CHECK_TYPES = ['tcp', 'none', 'tls', 'http', 'https', 'script'] as const;
export type HealthCheckType = (typeof HEALTH_CHECK_TYPES)[number];

/** What a check of each type has besides the fields of all; a script has `tls` only where it is given. */
export const CHECK_PARTS: Readonly<Record<HealthCheckType, readonly ('http' | 'tls' | 'script')[]>> = {
  tcp: [],
  none: [],
  tls: ['tls'],
  http: ['http'],
  https: ['http', 'tls'],
  script: ['script', 'tls'],
};

/** The health of a backend as a proxy sees it. `ejected`: failed connects took it out until its next passing check. */
export const HEALTH_STATES = ['healthy', 'unhealthy', 'unknown', 'ejected'] as const;
export type Health = (typeof HEALTH_STATES)[number];

/** Of a backend that registered itself. `expiring`: its lease ended together with most of its pool's, so it is kept for a while. */
export const REGISTRATION_STATES = ['active', 'draining', 'expiring'] as const;
export type RegistrationState = (typeof REGISTRATION_STATES)[number];

/** `shadowed`: the pool has a configured backend with that address. `ignored`: it cannot be in the pool. */
export type RegistrationSource = 'registered' | 'shadowed' | 'ignored';

/** How the reason of a backend begins that is a listener of the fleet itself: it is unhealthy and never gets a connection. */
export const LEADS_BACK = 'leads back to';

/** What happens to new connections while no backend of a pool is healthy. */
export const WHEN_NONE_HEALTHY = ['use_all', 'refuse'] as const;

/** What happens to the connections of a backend whose checks failed. */
export const ON_UNHEALTHY = ['keep', 'close'] as const;

/** What a pool sends to its backends before everything else: a PROXY header of this version. */
export const PROXY_PROTOCOLS = ['none', 'v1', 'v2'] as const;

/** Whether a health check announces itself to a pool that gets PROXY headers. */
export const CHECK_PROXY_PROTOCOL = ['auto', 'off'] as const;

export const TLS_VERSIONS = ['1.2', '1.3'] as const;

export const CLIENT_CERTIFICATES = ['none', 'optional', 'required'] as const;

export interface HttpCheck {
  readonly method: string;
  readonly path: string;
  /** Empty: the backend's address. */
  readonly host: string;
  /** `200-399` or `204`, as check-text.ts reads them. */
  readonly status: readonly string[];
  /** Text that must be in the answer; empty: any. */
  readonly body: string;
}

export interface TlsCheck {
  /** Empty: none is sent. */
  readonly serverName: string;
  readonly verify: boolean;
  /** PEM; empty: the authorities that Node trusts. */
  readonly ca: string;
}

/** Texts as an operator writes them; check-text.ts reads them. A secret is named, never written. */
export type ScriptStep =
  | { readonly send: string }
  | { readonly expect: string }
  | { readonly sendSecret: string };

export interface HealthCheck {
  readonly type: HealthCheckType;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly healthyThreshold: number;
  readonly unhealthyThreshold: number;
  /** Left out: the backend's own. */
  readonly port?: number;
  /** Between checks of an unhealthy backend. Left out: `intervalMs`. */
  readonly unhealthyIntervalMs?: number;
  /** There exactly for `http` and `https`. */
  readonly http?: HttpCheck;
  /** There for `tls` and `https`; for `script` where it runs over TLS. */
  readonly tls?: TlsCheck;
  /** There exactly for `script`. */
  readonly script?: readonly ScriptStep[];
  /** Left out: `auto`, a LOCAL header where the pool sends headers and the check goes to the port of its traffic. */
  readonly proxyProtocol?: Exclude<(typeof CHECK_PROXY_PROTOCOL)[number], 'auto'>;
}

/** Its optional fields are left out while they have their default, so that policies from before them keep their hashes. */
export interface Policy {
  readonly name: string;
  readonly strategy: Strategy;
  readonly healthCheck: HealthCheck;
  readonly connect: { readonly timeoutMs: number; readonly retries: number };
  /** 0 means never. */
  readonly timeouts: { readonly idleMs: number; readonly halfClosedMs: number };
  /** 0 means no deadline. */
  readonly drainTimeoutMs: number;
  /** One in `oneIn` connections gets a line in the connection log; 0: none. */
  readonly connectionLog?: { readonly oneIn: number };
  /** Left out: as `refusesWhenNoneHealthy` says. */
  readonly whenNoneHealthy?: (typeof WHEN_NONE_HEALTHY)[number];
  /** Left out: `keep`. */
  readonly onUnhealthy?: (typeof ON_UNHEALTHY)[number];
  /** A new or recovered backend takes so long to reach its share. Left out: 0. */
  readonly slowStartMs?: number;
  /** Left out: connections have no end. */
  readonly maxLifetimeMs?: number;
  /** So many healthy backends are enough. Left out: all of them are expected. */
  readonly expectHealthy?: number;
}

/** A pool without its backends, which are resources of their own. What has its default is left out, as in a policy. */
export interface Pool {
  readonly name: string;
  readonly policy: string;
  /** The PROXY header that backends get. Left out: none. */
  readonly proxyProtocol?: Exclude<(typeof PROXY_PROTOCOLS)[number], 'none'>;
  /** Connections that wait while every backend is at its limit. Left out: they are refused at once. */
  readonly queue?: { readonly length: number; readonly timeoutMs: number };
  /** Left out: plain TCP. `ca` is PEM; empty: the authorities that Node trusts. */
  readonly tls?: { readonly serverName: string; readonly verify: boolean; readonly ca: string };
  readonly dns?: readonly DnsEntry[];
}

/** Backends by name: each address that it resolves to is one. */
export interface DnsEntry {
  /** Canonical: `db.example.com:5432` (A and AAAA) or `_pg._tcp.example.com` (SRV). */
  readonly name: string;
  /** Left out: 1. */
  readonly weight?: number;
  /** Left out: 0. */
  readonly tier?: number;
  /** Left out: no limit. */
  readonly maxConnections?: number;
}

export interface Backend {
  readonly pool: string;
  /**
   * Canonical (see address.ts): its name within the pool. `IP:PORT`, or an IP address without a port, whose connections go
   * to the port that the client asked for.
   */
  readonly address: string;
  readonly weight: number;
  readonly state: BackendState;
  /** 1 to 15; left out: 0. */
  readonly tier?: number;
  /** Open connections of one proxy. Left out: no limit. */
  readonly maxConnections?: number;
}

/** What has its default is left out, as in a policy. */
export interface Listener {
  readonly name: string;
  /** Canonical `IP:PORT`, or a range `IP:FIRST-LAST`. */
  readonly address: string;
  /** Empty where only routes lead to pools, so that everything else is refused. */
  readonly pool: string;
  /** `[::]` then takes no IPv4 connections. */
  readonly ipv6Only?: true;
  readonly routes?: readonly Route[];
  /** Left out: FIRST_BYTES_TIMEOUT_MS. */
  readonly firstBytesTimeoutMs?: number;
  /** Left out: TLS is not terminated. */
  readonly tls?: ListenerTls;
  /** Canonical networks, as in `allow` and `deny`, whose connections begin with a PROXY header. */
  readonly acceptProxyProtocol?: readonly string[];
  /** Left out: everybody. The longest prefix in `allow` and `deny` that holds the client decides. */
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  readonly limits?: Limits;
}

/** Leads the connections whose ClientHello asks for one of the names, with one of the protocols, to a pool. */
export interface Route {
  /** Canonical names and `*.` wildcards, each of which covers one or more labels; empty: any name, or none. */
  readonly serverNames: readonly string[];
  /** Empty: any. */
  readonly alpn: readonly string[];
  readonly pool: string;
}

export interface ListenerTls {
  /** Names of files in the folder of certificates, without `.pem`; the first is for clients that ask for no name or another. */
  readonly certificates: readonly string[];
  readonly minVersion: (typeof TLS_VERSIONS)[number];
  readonly alpn: readonly string[];
  /** PEM. */
  readonly clientCa: string;
  readonly clientCertificate: (typeof CLIENT_CERTIFICATES)[number];
}

/** Of one proxy; 0: no limit. Rates are in new connections a second. */
export interface Limits {
  readonly connections: number;
  readonly perSource: number;
  readonly rate: number;
  readonly ratePerSource: number;
  /** Counts what it would refuse, and refuses nothing. */
  readonly dryRun: boolean;
}

export type Resource =
  | { readonly kind: 'policy'; readonly value: Policy }
  | { readonly kind: 'pool'; readonly value: Pool }
  | { readonly kind: 'backend'; readonly value: Backend }
  | { readonly kind: 'listener'; readonly value: Listener };
export type Kind = Resource['kind'];

/**
 * Whether new connections are refused while no backend is healthy. A port that does not open may be the check's fault;
 * a server that says that it is not the primary must get nothing.
 */
export function refusesWhenNoneHealthy({ whenNoneHealthy, healthCheck: { type } }: Policy): boolean {
  return whenNoneHealthy === undefined ? type !== 'tcp' && type !== 'none' : whenNoneHealthy === 'refuse';
}

/** The name of a resource among those of its kind; a backend's is `POOL/ADDRESS`. */
export function nameOf(resource: Resource): string {
  return resource.kind === 'backend'
    ? `${resource.value.pool}/${resource.value.address}`
    : resource.value.name;
}

/** The key of a resource among all resources: `policy/steady`, `backend/web/10.0.0.1:80`. */
export function keyOf(resource: Resource): string {
  return `${resource.kind}/${nameOf(resource)}`;
}

/** The pools that a listener leads to: its own and those of its routes, each once. */
export function poolsOf({ pool, routes = [] }: Listener): string[] {
  const all = new Set([pool, ...routes.map((route) => route.pool)]);
  all.delete('');
  return [...all];
}
