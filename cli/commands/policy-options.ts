/** The fields of a policy as options of `create policy` and `set policy`. */
import { type Command, Option } from 'commander';
import type { PolicyDraft } from '../../core/model/draft.ts';
import { POLICY_PATHS } from '../../core/model/policy/policy-fields.ts';
import { duration, integer } from '../../core/runtime/flags.ts';

const CHECK = 'health_check';

/** The path is that of an update mask. */
const FIELDS: readonly (readonly [flag: string, description: string, path: string])[] = [
  ['--strategy <STRATEGY>', 'how a backend is picked', 'strategy'],
  ['--health-check <TYPE>', 'how a backend is checked', `${CHECK}.type`],
  ['--interval <DURATION>', 'time between two health checks of a backend', `${CHECK}.interval`],
  ['--unhealthy-interval <DURATION>', 'the same while unhealthy', `${CHECK}.unhealthy_interval`],
  ['--check-timeout <DURATION>', 'how long a health check may take', `${CHECK}.timeout`],
  ['--healthy-threshold <N>', 'passes in a row until healthy again', `${CHECK}.healthy_threshold`],
  ['--unhealthy-threshold <N>', 'failures in a row until unhealthy', `${CHECK}.unhealthy_threshold`],
  ['--check-port <PORT>', 'the port to check, if not the backend’s own', `${CHECK}.port`],
  ['--check-path <PATH>', 'path of an HTTP check', `${CHECK}.http.path`],
  ['--check-host <HOST>', 'Host header of an HTTP check', `${CHECK}.http.host`],
  ['--check-status <STATUS,...>', 'what passes, such as 204 or 200-399', `${CHECK}.http.status`],
  ['--when-none-healthy <CHOICE>', 'what new connections then get', 'when_none_healthy'],
  ['--on-unhealthy <CHOICE>', 'what then happens to open connections', 'on_unhealthy'],
  ['--expect-healthy <N>', 'healthy backends when all is well; 0: all', 'expect_healthy'],
  ['--slow-start <DURATION>', 'until a new backend has its whole share', 'slow_start'],
  ['--connect-timeout <DURATION>', 'how long connecting to a backend may take', 'connect.timeout'],
  ['--retries <N>', 'further attempts, each on another backend', 'connect.retries'],
  ['--idle-timeout <DURATION>', 'ends a connection idle for so long; 0s: never', 'timeouts.idle'],
  ['--half-closed-timeout <DURATION>', 'once one side has ended; 0s: never', 'timeouts.half_closed'],
  ['--max-lifetime <DURATION>', 'the longest life of a connection; 0s: no end', 'max_lifetime'],
  ['--drain-timeout <DURATION>', 'how long draining may take; 0s: for ever', 'drain_timeout'],
  ['--log-one-in <N>', 'logs one of so many connections; 0: none', 'connection_log.one_in'],
];

/** Adds an option for every field. */
export function addPolicyOptions(command: Command): Command {
  for (const [flag, description, path] of FIELDS) {
    const option = new Option(flag, description);
    const { field } = fieldAt(path);
    if (field.type === 'duration') option.argParser(duration);
    if (field.type === 'count')
      option.argParser(integer(field.zero === undefined ? field.min : 0, field.max));
    if (field.type === 'list') option.argParser((text) => text.split(','));
    if (field.type === 'word') option.choices(field.words);
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
  for (const [flag, , path] of FIELDS) {
    const value: unknown = given.get(new Option(flag).attributeName());
    if (value === undefined) continue;
    paths.push(path);
    const groups = [...fieldAt(path).keys];
    const name = groups.pop() ?? '';
    let group = draft;
    for (const each of groups) group = (group[each] ??= {}) as Record<string, unknown>;
    group[name] = value;
  }
  return { draft, paths };
}

function fieldAt(path: string) {
  const found = POLICY_PATHS.find((one) => one.path === path);
  if (found === undefined) throw new Error(`a policy has no field ${path}`);
  return found;
}
