// The fields of each kind of resource, as the form of create and edit shows them. A further field is one more line here.

import { words } from '../lib/format.mjs';

const STRATEGIES = {
  power_of_two_choices: 'of two random backends, the one with fewer connections',
  least_connections: 'the backend with the fewest connections',
  round_robin: 'each backend in turn, by weight',
  random: 'a random backend, by weight',
  source_hash: 'always the same backend for the same client',
  peak_ewma: 'of two random backends, the one that responds faster',
};

/**
 * `path`: as in a manifest; `more`: `number`, `lines`, `options(view)`, `first`: the one chosen at first, or `onlyNew`: it can't be
 * changed later.
 */
const field = (path, label, hint = '', more = {}) => ({ path, label, hint, ...more });
const number = (path, label, hint) => field(path, label, hint, { number: true });
const choice = (path, label, hint, options) => field(path, label, hint, { options });

const NAME = field('name', 'Name', 'small letters, digits and hyphens, such as web-1', { onlyNew: true });

/** `method`: the word in the names of the API's methods; `page`: where the resources of the kind are shown. */
export const KINDS = {
  pool: {
    method: 'Pool',
    page: 'pools',
    fields: [
      NAME,
      field('policy', 'Policy', '', {
        first: 'default',
        options: ({ policies }) =>
          policies.rows.map((one) => [one.name, `${one.name}: ${words(one.strategy)}`]),
      }),
      field('backends', 'Backends, one per line', 'IP:PORT, or [IP]:PORT for IPv6; may be left empty', {
        onlyNew: true,
        lines: true,
      }),
    ],
  },
  listener: {
    method: 'Listener',
    page: 'listeners',
    fields: [
      NAME,
      field(
        'address',
        'Address',
        'IP:PORT that proxies accept connections on, such as 0.0.0.0:80 or [::]:80',
      ),
      choice('pool', 'Pool', '', ({ pools }) => pools.rows.map(({ name }) => [name, name])),
    ],
  },
  policy: {
    method: 'Policy',
    page: 'pools',
    lead: ({ users }) =>
      users > 1
        ? `This policy is shared by ${users} pools, and all of them change. Open connections stay where they are.`
        : 'Open connections stay where they are.',
    fields: [
      NAME,
      choice('strategy', 'Strategy', '', () =>
        Object.entries(STRATEGIES).map(([name, hint]) => [name, `${words(name)}: ${hint}`]),
      ),
      choice('health_check.type', 'Health check', '', () => [
        ['tcp', 'tcp: a connect'],
        ['none', 'none: every backend counts as healthy'],
      ]),
      field('health_check.interval', 'Interval of health checks', '100ms to 1h; default 5s'),
      field(
        'health_check.timeout',
        'Timeout of health checks',
        '10ms to 1m, at most the interval; default 2s',
      ),
      number('health_check.healthy_threshold', 'Passes until healthy', '1 to 100; default 2'),
      number('health_check.unhealthy_threshold', 'Failures until unhealthy', '1 to 100; default 3'),
      field('connect.timeout', 'Connect timeout', '10ms to 5m; default 5s'),
      number('connect.retries', 'Retries on other backends', '0 to 10; default 2'),
      field('timeouts.idle', 'Idle timeout', '1s to 168h; default 1h; 0s: never'),
      field('timeouts.half_closed', 'Timeout once one side has ended', '1s to 1h; default 1m; 0s: never'),
      field('drain_timeout', 'Drain timeout', 'up to 24h; default 5m; 0s: no deadline'),
      number(
        'connection_log.one_in',
        'Connection log: one in',
        '1 to 1000000 connections; default 1; 0: none',
      ),
    ],
  },
};

/** The value at a path such as `connect.retries`, as text for the form. */
export const textAt = (resource, path) =>
  String(path.split('.').reduce((value, name) => value?.[name], resource) ?? '');

/** The violations of a field end with its path. */
export const aboutPath = (path) => new RegExp(`(^|[.\\]])${path.replaceAll('.', '\\.')}(\\[.*)?$`);

export const linesIn = (text) => text.split(/[\s,]+/).filter((line) => line !== '');

/** Text that is not a number is sent as it is, and the answer says what is wrong with it. */
export const numberIn = (text) =>
  text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text.trim();

/** What a form sends of a field; undefined: it was left empty, and takes its default. */
function valueOf({ lines, number: isNumber }, text) {
  if (lines) return linesIn(text).map((address) => ({ address }));
  if (text.trim() === '') return undefined;
  return isNumber ? numberIn(text) : text.trim();
}

/** A resource with the given values at their paths. */
function nested(values) {
  const resource = {};
  for (const [path, value] of values) {
    const names = path.split('.');
    const last = names.pop();
    const inner = names.reduce((at, name) => (at[name] ??= {}), resource);
    if (value !== undefined) inner[last] = value;
  }
  return resource;
}

/** The request that makes a resource of what the form has. */
export function createRequest(kind, values) {
  const { method, fields } = KINDS[kind];
  const resource = nested(fields.map((one) => [one.path, valueOf(one, values[one.path])]));
  return { method: `Create${method}`, request: { [kind]: resource } };
}

/** `before`: what the form showed at first; only what differs from it is sent, so that other fields stay as they are now. */
export function updateRequest(kind, before, values, revision) {
  const { method, fields } = KINDS[kind];
  const own = fields.filter(({ onlyNew }) => !onlyNew);
  const changed = own.filter(({ path }) => values[path].trim() !== textAt(before, path));
  // An empty mask would mean the whole resource.
  const sent = changed.length > 0 ? changed : own;
  const resource = nested(sent.map((one) => [one.path, valueOf(one, values[one.path])]));
  return {
    method: `Update${method}`,
    request: {
      [kind]: { name: before.name, revision: String(revision), ...resource },
      updateMask: { paths: sent.map(({ path }) => path) },
    },
  };
}
