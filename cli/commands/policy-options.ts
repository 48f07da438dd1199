/** The fields of a policy as options of `create policy` and `set policy`. */
import { type Command, Option } from 'commander';
import type { PolicyDraft } from '../../core/model/draft.ts';
import { allowedRange } from '../../core/model/policy/policy-ranges.ts';
import {
  HEALTH_CHECK_TYPES,
  ON_UNHEALTHY,
  STRATEGIES,
  WHEN_NONE_HEALTHY,
} from '../../core/model/resources.ts';
import { duration, integer } from '../../core/runtime/flags.ts';
import { modelName } from '../../core/view/plain.ts';

type FieldType = 'duration' | 'count' | 'text' | 'list' | readonly string[];

/** The path is that of an update mask. */
const FIELDS: readonly (readonly [flag: string, description: string, path: string, type: FieldType])[] = [
  ['--strategy <STRATEGY>', 'how a backend is picked', 'strategy', STRATEGIES],
  ['--health-check <TYPE>', 'how a backend is checked', 'health_check.type', HEALTH_CHECK_TYPES],
  [
    '--interval <DURATION>',
    'time between two health checks of a backend',
    'health_check.interval',
    'duration',
  ],
  ['--check-timeout <DURATION>', 'how long a health check may take', 'health_check.timeout', 'duration'],
  [
    '--healthy-threshold <N>',
    'passes in a row that make a backend healthy again',
    'health_check.healthy_threshold',
    'count',
  ],
  [
    '--unhealthy-threshold <N>',
    'failures in a row that make it unhealthy',
    'health_check.unhealthy_threshold',
    'count',
  ],
  [
    '--unhealthy-interval <DURATION>',
    'time between two health checks of one that is unhealthy',
    'health_check.unhealthy_interval',
    'duration',
  ],
  ['--check-port <PORT>', 'the port to check, if it is not the backend’s own', 'health_check.port', 'count'],
  ['--check-path <PATH>', 'path of an HTTP check', 'health_check.http.path', 'text'],
  ['--check-host <HOST>', 'Host header of an HTTP check', 'health_check.http.host', 'text'],
  [
    '--check-status <STATUS,...>',
    'statuses that pass, such as 204 or 200-399',
    'health_check.http.status',
    'list',
  ],
  [
    '--connect-timeout <DURATION>',
    'how long connecting to a backend may take',
    'connect.timeout',
    'duration',
  ],
  ['--retries <N>', 'further attempts, each on another backend', 'connect.retries', 'count'],
  [
    '--idle-timeout <DURATION>',
    'ends a connection that was idle for so long; 0s: never',
    'timeouts.idle',
    'duration',
  ],
  [
    '--half-closed-timeout <DURATION>',
    'the same once one side has ended; 0s: never',
    'timeouts.half_closed',
    'duration',
  ],
  [
    '--drain-timeout <DURATION>',
    'how long connections to a draining backend may live; 0s: for ever',
    'drain_timeout',
    'duration',
  ],
  [
    '--when-none-healthy <CHOICE>',
    'what new connections get while no backend is healthy: all of them, or a refusal',
    'when_none_healthy',
    WHEN_NONE_HEALTHY,
  ],
  [
    '--on-unhealthy <CHOICE>',
    'what happens to open connections when a check fails',
    'on_unhealthy',
    ON_UNHEALTHY,
  ],
  [
    '--slow-start <DURATION>',
    'how long a new or recovered backend takes to reach its share',
    'slow_start',
    'duration',
  ],
  ['--max-lifetime <DURATION>', 'the longest life of a connection; 0s: no end', 'max_lifetime', 'duration'],
  ['--expect-healthy <N>', 'healthy backends of a pool when all is well', 'expect_healthy', 'count'],
  ['--log-one-in <N>', 'logs one of so many connections; 0: none', 'connection_log.one_in', 'count'],
];

/** Adds an option for every field. */
export function addPolicyOptions(command: Command): Command {
  for (const [flag, description, path, type] of FIELDS) {
    const option = new Option(flag, description);
    if (type === 'duration') option.argParser(duration);
    else if (type === 'count') option.argParser(integer(allowedRange(path).min, allowedRange(path).max));
    else if (type === 'list') option.argParser((text) => text.split(','));
    else if (type !== 'text') option.choices(type);
    command.addOption(option);
  }
  return command;
}

/** The fields that were given, and their paths. */
export function policyFields(options: object): {
  readonly draft: Omit<PolicyDraft, 'name'>;
  readonly paths: string[];
} {
  const given = new Map(Object.entries(options));
  const draft: Record<string, unknown> = {};
  const paths: string[] = [];
  for (const [flag, , path, type] of FIELDS) {
    const value: unknown = given.get(new Option(flag).attributeName());
    if (value === undefined) continue;
    paths.push(path);
    const groups = modelName(path, type === 'duration').split('.');
    const name = groups.pop() ?? '';
    let group = draft;
    for (const each of groups) group = (group[each] ??= {}) as Record<string, unknown>;
    group[name] = value;
  }
  return { draft, paths };
}
