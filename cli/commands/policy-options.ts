/** The fields of a policy as options of `create policy` and `set policy`. */
import { type Command, Option } from 'commander';
import type { PolicyDraft } from '../../core/model/draft.ts';
import { HEALTH_CHECK_TYPES, STRATEGIES } from '../../core/model/resources.ts';
import { allowedRange } from '../../core/model/policy/validate-policy.ts';
import { duration, integer } from '../../core/runtime/flags.ts';
import { modelName } from '../../core/view/plain.ts';

type FieldType = 'duration' | 'count' | readonly string[];

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
  ['--log-one-in <N>', 'logs one of so many connections; 0: none', 'connection_log.one_in', 'count'],
];

/** Adds an option for every field. */
export function addPolicyOptions(command: Command): Command {
  for (const [flag, description, path, type] of FIELDS) {
    const option = new Option(flag, description);
    if (type === 'duration') option.argParser(duration);
    else if (type === 'count') option.argParser(integer(allowedRange(path).min, allowedRange(path).max));
    else option.choices(type);
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
    const [outer = '', inner] = modelName(path, type === 'duration').split('.');
    draft[outer] = inner === undefined ? value : { ...(draft[outer] as object), [inner]: value };
  }
  return { draft, paths };
}
