/** Every field of a policy but its name. */
import { count, duration, FLAG, type Fields, group, pathsOf, text, word } from '../fields/field.ts';
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

const TEXT = text();

const HEALTH_CHECK = group('a health check', {
  type: word('TYPE', 'type of health check', HEALTH_CHECK_TYPES),
  interval: duration(100, HOUR),
  timeout: duration(10, MINUTE),
  healthy_threshold: count(1, 100),
  unhealthy_threshold: count(1, 100),
  unhealthy_interval: duration(100, HOUR),
  port: count(1, 65_535),
  http: group('an HTTP check', {
    method: TEXT,
    path: TEXT,
    host: TEXT,
    status: { type: 'statuses' },
    body: TEXT,
  }),
  tls: group('a TLS check', { server_name: TEXT, verify: FLAG, ca: TEXT }),
  script: { type: 'steps' },
  proxy_protocol: word('PROXY_PROTOCOL', 'choice', CHECK_PROXY_PROTOCOL),
});

export const POLICY_FIELDS: Fields = {
  strategy: word('STRATEGY', 'strategy', STRATEGIES),
  health_check: HEALTH_CHECK,
  connect: group('a set of connect options', { timeout: duration(10, 5 * MINUTE), retries: count(0, 10) }),
  timeouts: group('a set of timeouts', {
    idle: duration(SECOND, 7 * DAY, 'never'),
    half_closed: duration(SECOND, HOUR, 'never'),
  }),
  drain_timeout: duration(0, DAY),
  connection_log: group('a connection log', { one_in: count(1, 1_000_000, 'none') }),
  when_none_healthy: word('WHEN_NONE_HEALTHY', 'choice', WHEN_NONE_HEALTHY),
  on_unhealthy: word('ON_UNHEALTHY', 'choice', ON_UNHEALTHY),
  slow_start: duration(0, HOUR),
  max_lifetime: duration(SECOND, 30 * DAY, 'no end'),
  expect_healthy: count(1, LIMITS.backends, 'all of them'),
};

/** The fields that are no groups. */
export const POLICY_PATHS = pathsOf(POLICY_FIELDS);
