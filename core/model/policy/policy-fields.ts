/**
 * Every field of a policy but its name: how users write it, what it may be, and where the model has it. Masks, ranges, the wire
 * and manifests all go by this table.
 */
import { LIMITS } from '../limits.ts';
import { HEALTH_CHECK_TYPES, ON_UNHEALTHY, STRATEGIES, WHEN_NONE_HEALTHY } from '../resources.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface RangeField {
  readonly type: 'duration' | 'count';
  readonly min: number;
  readonly max: number;
  /** The meaning of 0 where 0 is allowed although it is below `min`. */
  readonly zero: string | undefined;
}

export interface GroupField {
  readonly type: 'group';
  /** What errors call it. */
  readonly what: string;
  readonly fields: Readonly<Record<string, PolicyField>>;
}

type Leaf =
  | RangeField
  /** `prefix`: of the values of its enum on the wire. */
  | {
      readonly type: 'word';
      readonly prefix: string;
      readonly what: string;
      readonly words: readonly string[];
    }
  | { readonly type: 'text' | 'flag' }
  | { readonly type: 'statuses' }
  | { readonly type: 'steps' };
export type PolicyField = Leaf | GroupField;

const duration = (min: number, max: number, zero?: string): Leaf => ({ type: 'duration', min, max, zero });
const count = (min: number, max: number, zero?: string): Leaf => ({ type: 'count', min, max, zero });
const word = (prefix: string, what: string, words: readonly string[]): Leaf => {
  return { type: 'word', prefix, what, words };
};
const group = (what: string, fields: GroupField['fields']): GroupField => ({ type: 'group', what, fields });
const TEXT: Leaf = { type: 'text' };

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
  tls: group('a TLS check', { server_name: TEXT, verify: { type: 'flag' }, ca: TEXT }),
  script: { type: 'steps' },
});

export const POLICY_FIELDS: GroupField['fields'] = {
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

/** By the name that users write: of 2,000 policies, each field of each is named when they travel. */
const named = new Map<string, string>();

interface PolicyPath {
  /** `health_check.interval` */
  readonly path: string;
  /** Where a policy and a draft have it: `healthCheck`, `intervalMs`. */
  readonly keys: readonly string[];
  readonly field: Leaf;
}

/** The fields that are no groups. */
export const POLICY_PATHS: readonly PolicyPath[] = pathsOf(POLICY_FIELDS, '', []);

function pathsOf(fields: GroupField['fields'], at: string, outer: readonly string[]): PolicyPath[] {
  return Object.entries(fields).flatMap(([name, field]): PolicyPath[] => {
    const keys = [...outer, modelName(name, field.type === 'duration')];
    if (field.type === 'group') return pathsOf(field.fields, `${at}${name}.`, keys);
    return [{ path: `${at}${name}`, keys, field }];
  });
}

/** The name in the model: `healthCheck` for `health_check`, and `intervalMs` for the duration `interval`. */
export function modelName(written: string, isDuration: boolean): string {
  const name =
    named.get(written) ?? written.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  named.set(written, name);
  return isDuration ? `${name}Ms` : name;
}
