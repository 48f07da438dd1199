/** Every field of a pool, a backend and a listener but the name, and where those of a policy are. */
import { canonicalAddress } from '../address.ts';
import { readCidr } from '../cidr.ts';
import {
  BACKEND_DEFAULTS,
  DEFAULT_POLICY_NAME,
  FIRST_BYTES_TIMEOUT_MS,
  LIMITS_DEFAULTS,
  LISTENER_TLS_DEFAULTS,
  MAX_CONNECTIONS,
  MAX_TIER,
  MAX_WEIGHT,
  POOL_TLS_DEFAULTS,
  QUEUE_DEFAULTS,
} from '../defaults.ts';
import { POLICY_FIELDS } from '../policy/policy-fields.ts';
import { BACKEND_STATES, CLIENT_CERTIFICATES, PROXY_PROTOCOLS, TLS_VERSIONS } from '../resources.ts';
import { readDnsName, readHostName, readServerName } from '../server-name.ts';
import {
  count,
  duration,
  type Fields,
  filled,
  FLAG,
  group,
  leftOut,
  list,
  type Reader,
  text,
  texts,
  word,
} from './field.ts';

const MINUTE = 60_000;
const MAX_QUEUE = 100_000;
/** Of one list of a listener. limits.ts says how much all listeners may have together. */
const MAX_CIDRS = 10_000;
const MAX_ROUTES = 1_000;
const MAX_NAMES = 1_000;
const MAX_ALPN = 16;
const MAX_DNS = 100;

const readAddress: Reader = (address) => ({ ok: true, value: canonicalAddress(address) });

/** ALPN names are bytes on the wire; those in use are ASCII. */
const readAlpn: Reader = (name) => {
  if (/^[!-~]{1,255}$/.test(name)) return { ok: true, value: name };
  const description = `${JSON.stringify(name.slice(0, 60))} is no name of a protocol; write one such as h2, http/1.1 or postgresql`;
  return { ok: false, description };
};

const readCertificateName: Reader = (name) => {
  if (/^[A-Za-z0-9_]([-.A-Za-z0-9_]{0,251}[A-Za-z0-9_])?$/.test(name)) return { ok: true, value: name };
  const description = `${JSON.stringify(name.slice(0, 60))} is no name of a certificate; write that of its file in the folder --certificates of the proxies, without .pem`;
  return { ok: false, description };
};

const CIDRS = leftOut(texts('networks', MAX_CIDRS, readCidr));
const maxConnections = leftOut(count(1, MAX_CONNECTIONS, 'no limit'), 0);
const limit = filled(count(1, MAX_CONNECTIONS, 'no limit'), 0);
const TIER = leftOut(count(1, MAX_TIER, 'the tier that serves first'), 0, 2);
const WEIGHT = count(1, MAX_WEIGHT, 'no new connections');
const PEM = filled(text(), '');

const BACKEND_FIELDS: Fields = {
  address: text(readAddress),
  weight: filled(WEIGHT, BACKEND_DEFAULTS.weight),
  state: filled(word('BACKEND_STATE', 'backend state', BACKEND_STATES), BACKEND_DEFAULTS.state),
  tier: TIER,
  max_connections: maxConnections,
};

const DNS = {
  ...group('a backend by name', {
    name: filled(text(readDnsName), ''),
    weight: leftOut(WEIGHT, BACKEND_DEFAULTS.weight),
    tier: TIER,
    max_connections: maxConnections,
  }),
  required: ['name'],
};

const QUEUE = group('a queue', {
  length: filled(count(0, MAX_QUEUE), QUEUE_DEFAULTS.length),
  timeout: filled(duration(10, 5 * MINUTE), QUEUE_DEFAULTS.timeoutMs),
});

/** Without its backends, which are resources of their own. */
const POOL_FIELDS: Fields = {
  policy: filled(text(), DEFAULT_POLICY_NAME),
  proxy_protocol: leftOut(word('PROXY_PROTOCOL', 'choice', PROXY_PROTOCOLS), 'none'),
  queue: leftOut(QUEUE, QUEUE_DEFAULTS),
  tls: leftOut(
    group('a set of TLS options', {
      server_name: filled(text(readHostName), POOL_TLS_DEFAULTS.serverName),
      verify: filled(FLAG, POOL_TLS_DEFAULTS.verify),
      ca: PEM,
    }),
  ),
  dns: leftOut(list('names', MAX_DNS, DNS)),
};

const ROUTE = {
  ...group('a route', {
    server_names: filled(texts('names', MAX_NAMES, readServerName), []),
    alpn: filled(texts('protocols', MAX_ALPN, readAlpn), []),
    pool: filled(text(), ''),
  }),
  required: ['pool'],
};

const LISTENER_FIELDS: Fields = {
  address: filled(text(readAddress), ''),
  ipv6_only: leftOut(FLAG, false),
  pool: filled(text(), ''),
  routes: leftOut(list('routes', MAX_ROUTES, ROUTE)),
  first_bytes_timeout: leftOut(duration(10, 5 * MINUTE), FIRST_BYTES_TIMEOUT_MS),
  tls: leftOut(
    group('a set of TLS options', {
      certificates: filled(texts('certificates', MAX_NAMES, readCertificateName), []),
      min_version: filled(
        { type: 'word', what: 'version of TLS', words: TLS_VERSIONS },
        LISTENER_TLS_DEFAULTS.minVersion,
      ),
      alpn: filled(texts('protocols', MAX_ALPN, readAlpn), []),
      client_ca: PEM,
      client_certificate: filled(
        word('CLIENT_CERTIFICATE', 'choice', CLIENT_CERTIFICATES),
        LISTENER_TLS_DEFAULTS.clientCertificate,
      ),
    }),
  ),
  accept_proxy_protocol: CIDRS,
  allow: CIDRS,
  deny: CIDRS,
  limits: leftOut(
    group('a set of limits', {
      connections: limit,
      per_source: limit,
      rate: limit,
      rate_per_source: limit,
      dry_run: filled(FLAG, false),
    }),
    LIMITS_DEFAULTS,
  ),
};

/** A pool's are without its backends. */
export const FIELDS = {
  policy: POLICY_FIELDS,
  pool: POOL_FIELDS,
  backend: BACKEND_FIELDS,
  listener: LISTENER_FIELDS,
} as const;
