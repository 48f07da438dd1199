/** Fields of resources as options of `create` and `set`. Routes, TLS and names in DNS are for manifests. */
import { type Command, Option } from 'commander';
import type { ResourceDraft } from '../../core/model/draft.ts';
import { pathsOf } from '../../core/model/fields/field.ts';
import { FIELDS } from '../../core/model/fields/resource-fields.ts';
import { duration, integer } from '../../core/runtime/flags.ts';
import type { Resource as WireResource } from '../../core/wire/generated/lb/v1/Resource.ts';
import { ADDRESS_FORM } from './options.ts';

const CHECK = 'health_check';

/** The path is that of an update mask. */
type FieldOption = readonly [flag: string, description: string, path: string];

const POLICY: readonly FieldOption[] = [
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

const POOL: readonly FieldOption[] = [
  ['--policy <POLICY>', 'the policy it follows', 'policy'],
  ['--proxy-protocol <VERSION>', 'the PROXY header that its backends get', 'proxy_protocol'],
  ['--queue-length <N>', 'connections that wait while all are full', 'queue.length'],
  ['--queue-timeout <DURATION>', 'how long one of them waits', 'queue.timeout'],
];

const CIDRS = '<CIDR,...>';
const LISTENER: readonly FieldOption[] = [
  ['--address <ADDR>', `${ADDRESS_FORM}, or with a range FIRST-LAST`, 'address'],
  ['--pool <POOL>', 'the pool that serves it', 'pool'],
  [`--allow ${CIDRS}`, 'networks that may connect; empty: all', 'allow'],
  [`--deny ${CIDRS}`, 'networks that may not', 'deny'],
  [`--accept-proxy-protocol ${CIDRS}`, 'networks that send PROXY headers', 'accept_proxy_protocol'],
  ['--limit-connections <N>', 'open connections of a proxy; 0: any number', 'limits.connections'],
  ['--limit-per-source <N>', 'the same of one client', 'limits.per_source'],
  ['--limit-rate <N>', 'new connections a second; 0: any number', 'limits.rate'],
  ['--limit-rate-per-source <N>', 'the same of one client', 'limits.rate_per_source'],
  ['--first-bytes-timeout <DURATION>', 'how long to wait for a hello or a header', 'first_bytes_timeout'],
];

const OPTIONS = { policy: POLICY, pool: POOL, listener: LISTENER };
const PATHS = {
  policy: pathsOf(FIELDS.policy),
  pool: pathsOf(FIELDS.pool),
  listener: pathsOf(FIELDS.listener),
};

/** For the help. */
export const BY_MANIFEST = (what: string) => `${what} are given in a manifest: lbctl apply --help.\n`;

/** Adds an option for every field of the kind that can be given so. */
export function addFieldOptions(
  command: Command,
  kind: keyof typeof PATHS,
  required: readonly string[] = [],
): Command {
  for (const [flag, description, path] of OPTIONS[kind]) {
    const option = new Option(flag, description);
    const { field } = fieldAt(kind, path);
    if (field.type === 'duration') option.argParser(duration);
    if (field.type === 'count')
      option.argParser(integer(field.zero === undefined ? field.min : 0, field.max));
    if (field.type === 'list') option.argParser((text) => text.split(',').filter(Boolean));
    if (field.type === 'word') option.choices(field.words);
    command.addOption(option.makeOptionMandatory(required.includes(path)));
  }
  return command;
}

/** The resource of a request with the fields that were given, and their paths. */
export async function resourceGiven(
  kind: keyof typeof PATHS,
  name: string,
  options: object,
  more: object = {},
): Promise<{ readonly resource: WireResource; readonly paths: string[] }> {
  const { resourceDraftToWire } = await import('../../core/wire/resource-codec.ts');
  const given = new Map(Object.entries(options));
  const value: Record<string, unknown> = { name, ...(kind === 'pool' && { backends: [] }), ...more };
  const paths: string[] = [];
  for (const [flag, , path] of OPTIONS[kind]) {
    const found: unknown = given.get(new Option(flag).attributeName());
    if (found === undefined) continue;
    paths.push(path);
    const groups = [...fieldAt(kind, path).keys];
    const last = groups.pop() ?? '';
    let group = value;
    for (const each of groups) group = (group[each] ??= {}) as Record<string, unknown>;
    group[last] = found;
  }
  return { resource: resourceDraftToWire({ kind, value } as unknown as ResourceDraft), paths };
}

function fieldAt(kind: keyof typeof PATHS, path: string) {
  const found = PATHS[kind].find((one) => one.path === path);
  if (found === undefined) throw new Error(`a ${kind} has no field ${path}`);
  return found;
}
