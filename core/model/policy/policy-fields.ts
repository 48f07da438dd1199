/** Every field of a policy but its name. */
import { HTTP_CHECK_DEFAULTS, LOG_ONE_IN, POLICY_DEFAULTS, TLS_CHECK_DEFAULTS } from '../defaults.ts';
import {
  count,
  duration,
  type Field,
  filled,
  FLAG,
  type Fields,
  group,
  leftOut,
  list,
  pathsOf,
  text,
  word,
} from '../fields/field.ts';
import { LIMITS } from '../limits.ts';
import {
  CHECK_PROXY_PROTOCOL,
  HEALTH_CHECK_TYPES,
  ON_UNHEALTHY,
  STRATEGIES,
  WHEN_NONE_HEALTHY,
} from '../resources.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MAX_STEPS = 16;
const MAX_STATUSES = 16;

const TEXT = text();
const EMPTY = filled(TEXT, '');
const STEP = { ...group('a step', { send: TEXT, expect: TEXT, send_secret: TEXT }), single: true } as const;

/** A field that came with format 2. */
const later = <F extends Field>(field: F): F => ({ ...field, format: 2 });

const { healthCheck, connect, timeouts } = POLICY_DEFAULTS;

const HTTP = group('an HTTP check', {
  method: filled(TEXT, HTTP_CHECK_DEFAULTS.method),
  path: filled(TEXT, HTTP_CHECK_DEFAULTS.path),
  host: EMPTY,
  status: filled(
    { ...list('ranges', MAX_STATUSES, { type: 'status' }), filled: true },
    HTTP_CHECK_DEFAULTS.status,
  ),
  body: EMPTY,
});

const HEALTH_CHECK = group('a health check', {
  type: filled(word('TYPE', 'type of health check', HEALTH_CHECK_TYPES), healthCheck.type),
  interval: filled(duration(100, HOUR), healthCheck.intervalMs),
  timeout: filled(duration(10, MINUTE), healthCheck.timeoutMs),
  healthy_threshold: filled(count(1, 100), healthCheck.healthyThreshold),
  unhealthy_threshold: filled(count(1, 100), healthCheck.unhealthyThreshold),
  unhealthy_interval: later(duration(100, HOUR)),
  port: later(count(1, 65_535)),
  http: later(HTTP),
  tls: later(
    group('a TLS check', { server_name: EMPTY, verify: filled(FLAG, TLS_CHECK_DEFAULTS.verify), ca: EMPTY }),
  ),
  script: later({ ...list('steps', MAX_STEPS, STEP), filled: true }),
  proxy_protocol: leftOut(word('PROXY_PROTOCOL', 'choice', CHECK_PROXY_PROTOCOL), 'auto'),
});

export const POLICY_FIELDS: Fields = {
  strategy: filled(word('STRATEGY', 'strategy', STRATEGIES), POLICY_DEFAULTS.strategy),
  health_check: filled(HEALTH_CHECK, {}),
  connect: filled(
    group('a set of connect options', {
      timeout: filled(duration(10, 5 * MINUTE), connect.timeoutMs),
      retries: filled(count(0, 10), connect.retries),
    }),
    {},
  ),
  timeouts: filled(
    group('a set of timeouts', {
      idle: filled(duration(SECOND, 7 * DAY, 'never'), timeouts.idleMs),
      half_closed: filled(duration(SECOND, HOUR, 'never'), timeouts.halfClosedMs),
    }),
    {},
  ),
  drain_timeout: filled(duration(0, DAY), POLICY_DEFAULTS.drainTimeoutMs),
  connection_log: leftOut(
    group('a connection log', { one_in: filled(count(1, 1_000_000, 'none'), LOG_ONE_IN) }),
    { oneIn: LOG_ONE_IN },
    1,
  ),
  when_none_healthy: later(word('WHEN_NONE_HEALTHY', 'choice', WHEN_NONE_HEALTHY)),
  on_unhealthy: leftOut(word('ON_UNHEALTHY', 'choice', ON_UNHEALTHY), 'keep', 2),
  slow_start: leftOut(duration(0, HOUR), 0, 2),
  max_lifetime: leftOut(duration(SECOND, 30 * DAY, 'no end'), 0, 2),
  expect_healthy: leftOut(count(1, LIMITS.backends, 'all of them'), 0, 2),
};

/** The fields that are no groups. */
export const POLICY_PATHS = pathsOf(POLICY_FIELDS);
