/** Every default of a resource, in one place. docs/concepts.md lists them. */
import type { HttpCheck, Limits, ListenerTls, Policy, Pool, TlsCheck } from './resources.ts';

/** The policy that always exists: it can be edited, but not deleted. */
export const DEFAULT_POLICY_NAME = 'default';

export const POLICY_DEFAULTS: Omit<Policy, 'name'> = {
  strategy: 'power_of_two_choices',
  healthCheck: {
    type: 'tcp',
    intervalMs: 5_000,
    timeoutMs: 2_000,
    healthyThreshold: 2,
    unhealthyThreshold: 3,
  },
  connect: { timeoutMs: 5_000, retries: 2 },
  timeouts: { idleMs: 3_600_000, halfClosedMs: 60_000 },
  drainTimeoutMs: 300_000,
};

/** Of the parts of a health check that only some types have. */
export const HTTP_CHECK_DEFAULTS: HttpCheck = {
  method: 'GET',
  path: '/',
  host: '',
  status: ['200-399'],
  body: '',
};
export const TLS_CHECK_DEFAULTS: TlsCheck = { serverName: '', verify: false, ca: '' };

/** Every connection gets a line in the connection log. */
export const LOG_ONE_IN = 1;

/** The largest weight of a backend. With weight 0 it gets no new connections. */
export const MAX_WEIGHT = 1_000;

/** The last tier; backends are in tier 0 unless they say otherwise. */
export const MAX_TIER = 15;

export const BACKEND_DEFAULTS = { weight: 1, state: 'active' } as const;

/** The largest limit of connections, of a backend or a listener. */
export const MAX_CONNECTIONS = 1_000_000;

/** Without `length`, a connection for which there is no room is refused at once. */
export const QUEUE_DEFAULTS: Required<Pool>['queue'] = { length: 0, timeoutMs: 5_000 };

export const POOL_TLS_DEFAULTS: Required<Pool>['tls'] = { serverName: '', verify: true, ca: '' };

/** How long a listener waits for what it must read before it can choose a pool. */
export const FIRST_BYTES_TIMEOUT_MS = 3_000;

export const LISTENER_TLS_DEFAULTS: ListenerTls = {
  certificates: [],
  minVersion: '1.2',
  alpn: [],
  clientCa: '',
  clientCertificate: 'none',
};

/** No limits. */
export const LIMITS_DEFAULTS: Limits = {
  connections: 0,
  perSource: 0,
  rate: 0,
  ratePerSource: 0,
  dryRun: false,
};
