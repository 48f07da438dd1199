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

const CHECKS = {
  tcp: 'a connect',
  none: 'every backend counts as healthy',
  tls: 'a TLS handshake',
  http: 'a request and its answer',
  https: 'the same over TLS',
  script: 'what is sent and what is expected',
};

const explained = (choices) =>
  Object.entries(choices).map(([name, hint]) => [name, `${words(name)}: ${hint}`]);

/**
 * `path`: as in a manifest; `more`: `read(text)`, what is sent of the text; `area`: it has several lines; `options(view)`, `first`:
 * the one chosen at first; `onlyNew`: it can't be changed later; `when(texts)`: whether it is there with these texts.
 */
const field = (path, label, hint = '', more = {}) => ({
  path,
  label,
  hint,
  read: (text) => text.trim(),
  ...more,
});
const inGroup = (group, ofAll) => (name, label, hint, more) =>
  field(`${group}.${name}`, label, hint, { ...ofAll, ...more });
const choice = (path, label, options, more) => field(path, label, '', { options, ...more });
const NUMBER = { read: numberIn };

/** A part of a health check that only these types have. */
const ofTypes = (...types) => ({ when: (texts) => types.includes(texts['health_check.type']) });
const check = inGroup('health_check');
const http = inGroup('health_check.http', ofTypes('http', 'https'));
const tls = inGroup('health_check.tls', ofTypes('tls', 'https'));

const NAME = field('name', 'Name', 'small letters, digits and hyphens, such as web-1', { onlyNew: true });
const METHODS = ['GET', 'HEAD', 'OPTIONS', 'POST'].map((one) => [one, one]);
const CERTIFICATES = [
  ['false', 'any'],
  ['true', 'must be valid for the server name, or the address'],
];
const STEPS = 'send TEXT, expect TEXT or /regular expression/, send_secret NAME; with \\r \\n \\t \\0 \\xHH';

/** `method`: the word in the names of the API's methods; `page`: where the resources of the kind are shown. */
export const KINDS = {
  pool: {
    method: 'Pool',
    page: 'pools',
    fields: [
      NAME,
      choice(
        'policy',
        'Policy',
        ({ policies }) => policies.rows.map((one) => [one.name, `${one.name}: ${words(one.strategy)}`]),
        { first: 'default' },
      ),
      field('backends', 'Backends, one per line', 'IP:PORT, or [IP]:PORT for IPv6; may be left empty', {
        onlyNew: true,
        area: true,
        read: (text) => linesIn(text).map((address) => ({ address })),
      }),
    ],
  },
  listener: {
    method: 'Listener',
    page: 'listeners',
    fields: [
      NAME,
      field('address', 'Address', 'IP:PORT of the proxies, such as 0.0.0.0:80 or [::]:80'),
      choice('pool', 'Pool', ({ pools }) => [
        ...pools.rows.map(({ name }) => [name, name]),
        ['', 'none: only routes lead to pools'],
      ]),
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
      choice('strategy', 'Strategy', () => explained(STRATEGIES)),
      choice('health_check.type', 'Health check', () => explained(CHECKS)),
      http('method', 'Method', '', { options: () => METHODS }),
      http('path', 'Path', 'with a query, if need be; default /'),
      http('host', 'Host header', 'default: the address of the backend'),
      http('status', 'Statuses that pass', 'such as 204, 300-399; default 200-399', { read: linesIn }),
      http('body', 'Text in the answer', 'up to 1 KB, in the first 16 KB; default: any'),
      tls('server_name', 'Server name', 'default: none is asked for'),
      tls('verify', 'Certificate', '', { options: () => CERTIFICATES, read: (text) => text === 'true' }),
      tls('ca', 'Authorities to trust', 'certificates (PEM); default: those of Node', { area: true }),
      check('script', 'Steps, one per line', STEPS, { area: true, read: stepsIn, ...ofTypes('script') }),
      check('port', 'Port to check', '1 to 65535; default: the backend’s own', NUMBER),
      check('interval', 'Interval of health checks', '100ms to 1h; default 5s'),
      check('timeout', 'Timeout of health checks', '10ms to 1m; default 2s'),
      check('unhealthy_interval', 'Interval while unhealthy', '100ms to 1h; default: the interval'),
      check('healthy_threshold', 'Passes until healthy', '1 to 100; default 2', NUMBER),
      check('unhealthy_threshold', 'Failures until unhealthy', '1 to 100; default 3', NUMBER),
      field('connect.timeout', 'Connect timeout', '10ms to 5m; default 5s'),
      field('connect.retries', 'Retries on other backends', '0 to 10; default 2', NUMBER),
      field('timeouts.idle', 'Idle timeout', '1s to 168h; default 1h; 0s: never'),
      field('timeouts.half_closed', 'Timeout once one side has ended', '1s to 1h; default 1m; 0s: never'),
      choice('when_none_healthy', 'While no backend is healthy', () => [
        ['', 'as the check says: refuse, but use all with tcp and none'],
        ['use_all', 'use all of them'],
        ['refuse', 'refuse new connections'],
      ]),
      choice('on_unhealthy', 'When a check fails', () => [
        ['', 'open connections stay'],
        ['close', 'open connections are closed'],
      ]),
      field('expect_healthy', 'Healthy backends expected', '1 to 16000; default: all of them', NUMBER),
      field('slow_start', 'Slow start', 'up to 1h, from a tenth of the share; default 0s: none'),
      field('max_lifetime', 'Longest connection', '1s to 720h; default 0s: no end'),
      field('drain_timeout', 'Drain timeout', 'up to 24h; default 5m; 0s: no deadline'),
      field('connection_log.one_in', 'Connection log: one in', '1 to 1000000; default 1; 0: none', NUMBER),
    ],
  },
};

/** The value at a path such as `connect.retries`, as text for the form. */
export function textAt(resource, path) {
  const value = path.split('.').reduce((inner, name) => inner?.[name], resource) ?? '';
  if (!Array.isArray(value)) return String(value);
  return typeof value[0] === 'object' ? value.map(stepText).join('\n') : value.join(', ');
}

/** `expect +PONG`. */
function stepText(step) {
  const [[name, text]] = Object.entries(step);
  return `${name} ${text.replace(/[\r\n\t]/g, (control) => JSON.stringify(control).slice(1, -1))}`;
}

/** The violations of a field end with its path. */
export const aboutPath = (path) => new RegExp(`(^|[.\\]])${path.replaceAll('.', '\\.')}(\\[.*)?$`);

export function linesIn(text) {
  return text.split(/[\s,]+/).filter((line) => line !== '');
}

/** Text that is not a number is sent as it is, and the answer says what is wrong with it. */
export function numberIn(text) {
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text.trim();
}

/** Each line is a step; the answer says what is wrong with a word that is none. */
function stepsIn(text) {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => {
    const [, name, rest] = /^\s*(\S+) ?([^]*)$/.exec(line);
    return { [name]: rest };
  });
}

/** What a form sends of a field; undefined: it was left empty, and takes its default. */
const valueOf = ({ read }, text) => (text.trim() === '' ? undefined : read(text));

/** A resource with the given values at their paths. */
function nested(values) {
  const resource = {};
  for (const [path, value] of values) {
    // A group without a value would be one that is empty, and not one that is left out.
    if (value === undefined) continue;
    const names = path.split('.');
    const last = names.pop();
    const inner = names.reduce((at, name) => (at[name] ??= {}), resource);
    inner[last] = value;
  }
  return resource;
}

const fieldsFor = (kind, values) => KINDS[kind].fields.filter(({ when }) => when?.(values) ?? true);

/** The request that makes a resource of what the form has. */
export function createRequest(kind, values) {
  const { method } = KINDS[kind];
  const resource = nested(fieldsFor(kind, values).map((one) => [one.path, valueOf(one, values[one.path])]));
  return { method: `Create${method}`, request: { [kind]: resource } };
}

/** `before`: what the form showed at first; only what differs from it is sent, so that other fields stay as they are now. */
export function updateRequest(kind, before, values, revision) {
  const { method } = KINDS[kind];
  const own = fieldsFor(kind, values).filter(({ onlyNew }) => !onlyNew);
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
