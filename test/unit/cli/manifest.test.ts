import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResourceDraft } from '../../../core/model/draft.ts';
import { parseManifest } from '../../../cli/manifest/parse.ts';
import { toManifest } from '../../../cli/manifest/shape.ts';
import { yamlText } from '../../../cli/output/emit.ts';
import { WHOLE } from '../../../harness/whole-manifest.ts';

/** Problems as one line each, without the file. */
function problemsOf(text: string): string[] {
  return parseManifest('a.yaml', text).problems.map(
    ({ line, path, description }) => `${line.replace('a.yaml:', '')} ${path} ${description}`,
  );
}

function draftsOf(text: string): ResourceDraft[] {
  const { resources, problems } = parseManifest('a.yaml', text);
  assert.deepEqual(problems, []);
  return resources.map(({ draft }) => draft);
}

const DRAFTS: ResourceDraft[] = [
  {
    kind: 'policy',
    value: {
      name: 'steady',
      strategy: 'least_connections',
      healthCheck: {
        type: 'tcp',
        intervalMs: 5_000,
        timeoutMs: 2_000,
        healthyThreshold: 2,
        unhealthyThreshold: 3,
      },
      connect: { timeoutMs: 5_000, retries: 2 },
      timeouts: { idleMs: 3_600_000, halfClosedMs: 60_000 },
      drainTimeoutMs: 90_000,
      connectionLog: { oneIn: 0 },
    },
  },
  {
    kind: 'pool',
    value: {
      name: 'web',
      policy: 'steady',
      backends: [
        { address: '10.0.0.1:8080', weight: 2, tier: 1 },
        { address: '10.0.0.2:8080', state: 'draining' },
      ],
    },
  },
  { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
  {
    kind: 'policy',
    value: {
      name: 'primary',
      healthCheck: {
        type: 'https',
        port: 8_008,
        http: { method: 'GET', path: '/primary', host: '', status: ['200-299', '204'], body: 'master' },
        tls: { serverName: 'pg.example.com', verify: true, ca: '' },
        unhealthyIntervalMs: 1_000,
      },
      whenNoneHealthy: 'refuse',
      onUnhealthy: 'close',
      slowStartMs: 30_000,
      maxLifetimeMs: 3_600_000,
      expectHealthy: 1,
    },
  },
  {
    kind: 'policy',
    value: {
      name: 'redis',
      healthCheck: {
        type: 'script',
        tls: {},
        script: [{ sendSecret: 'redis-password' }, { send: 'PING\r\n' }, { expect: '/^\\+PONG\\r\\n/' }],
      },
    },
  },
  {
    kind: 'pool',
    value: {
      name: 'pg',
      policy: 'primary',
      proxyProtocol: 'v2',
      queue: { length: 100, timeoutMs: 5_000 },
      tls: { serverName: '', verify: true, ca: '' },
      backends: [{ address: '10.0.0.1:5432', tier: 0, maxConnections: 200 }],
      dns: [
        { name: 'db.example.com:5432', weight: 1, tier: 1, maxConnections: 0 },
        { name: '_pg._tcp.example.com' },
      ],
    },
  },
  {
    kind: 'listener',
    value: {
      name: 'pg',
      address: '0.0.0.0:7000-7010',
      routes: [{ serverNames: ['a.example.com', '*.b.example.com'], alpn: [], pool: 'web' }],
      firstBytesTimeoutMs: 3_000,
      tls: { certificates: ['www'], minVersion: '1.3', alpn: [], clientCa: '', clientCertificate: 'none' },
      acceptProxyProtocol: ['10.0.0.0/8'],
      allow: [],
      deny: ['192.0.2.0/24'],
      limits: { connections: 0, perSource: 100, rate: 0, ratePerSource: 5, dryRun: false },
    },
  },
  { kind: 'listener', value: { name: 'six', address: '[::]:5432', ipv6Only: true, pool: 'pg' } },
];

describe('a manifest', () => {
  it('is read with every field', () => {
    assert.deepEqual(draftsOf(WHOLE), DRAFTS);
  });

  it('that was written is read back as what it was', () => {
    assert.deepEqual(draftsOf(DRAFTS.map((draft) => yamlText(toManifest(draft))).join('---\n')), DRAFTS);
    assert.deepEqual(draftsOf(JSON.stringify(DRAFTS.map(toManifest), null, '\t')), DRAFTS);
  });

  it('may leave out all but the name', () => {
    assert.deepEqual(draftsOf('kind: Policy\nname: a'), [{ kind: 'policy', value: { name: 'a' } }]);
    assert.deepEqual(draftsOf('kind: Pool\nname: a'), [{ kind: 'pool', value: { name: 'a', backends: [] } }]);
  });

  it('may be empty, and may have anchors', () => {
    assert.deepEqual(draftsOf('# nothing\n---\n---\n'), []);
    const text = 'kind: Pool\nname: a\nbackends:\n  - &one { address: "10.0.0.1:1" }\n  - *one\n';
    const backend = { address: '10.0.0.1:1' };
    assert.deepEqual(draftsOf(text), [{ kind: 'pool', value: { name: 'a', backends: [backend, backend] } }]);
  });
});

describe('a problem in a manifest', () => {
  const CASES: readonly (readonly [title: string, text: string, problems: readonly string[]])[] = [
    [
      'an unknown field names its line, its path and the nearest known one',
      'kind: Pool\nname: web\nbackends:\n  - address: "10.0.0.1:80"\n    wieght: 2\n',
      [
        '5 pools[web].backends[10.0.0.1:80].wieght is not a field of a backend (did you mean "weight"?); allowed are address, weight, state, tier, max_connections',
      ],
    ],
    [
      'an unknown kind',
      'kind: pool\nname: web\n',
      ['1 kind "pool" is not a kind (did you mean "Pool"?); use one of Policy, Pool, Listener'],
    ],
    ['no kind', 'name: web\n', ['1  has no kind; use one of Policy, Pool, Listener']],
    [
      'a document that is no resource',
      'hello\n',
      ['1  is not a resource; write its fields, beginning with kind: Policy | Pool | Listener'],
    ],
    [
      'an unknown strategy',
      'kind: Policy\nname: a\nstrategy: round-robin\n',
      [
        '3 policies[a].strategy is "round-robin" (did you mean "round_robin"?); allowed are round_robin, least_connections, power_of_two_choices, random, source_hash, peak_ewma',
      ],
    ],
    [
      'a duration without a unit',
      'kind: Policy\nname: a\nhealth_check:\n  interval: 5\n  timeout: 2 s\n',
      [
        '4 policies[a].health_check.interval is the number 5, but must be a duration with a unit, such as 250ms, 5s, 1m30s or 1h',
        '5 policies[a].health_check.timeout "2 s" is not a duration; write whole numbers with units, such as 250ms, 5s, 1m30s or 1h',
      ],
    ],
    [
      'missing required fields, all of them',
      'kind: Listener\nname: a\n',
      ['1 listeners[a] has no address, which a listener must have'],
    ],
    [
      'wrong types',
      'kind: Pool\nname: 7\npolicy:\nbackends: { address: a }\n---\nkind: Policy\nname: a\nmax_lifetime: 30d\nhealth_check: { http: { status: 200 } }\n',
      [
        '2 pools[?].name is the number 7, but must be text: put it in quotes',
        '3 pools[?].policy is empty; give it a value or leave the field out',
        '4 pools[?].backends is a set of fields, but must be a list',
        '8 policies[a].max_lifetime "30d" is not a duration; write whole numbers with units, such as 250ms, 5s, 1m30s or 1h; 30d is 720h',
        '9 policies[a].health_check.http.status is the number 200, but must be a list; put it in [brackets]',
      ],
    ],
    [
      'unknown and missing fields of what a health check has',
      'kind: Policy\nname: a\nhealth_check:\n  http: { pth: /, status: [] }\n  tls: { verify: yes }\n  script:\n    - expct: a\n    - { send: a, expect: b }\n',
      [
        '4 policies[a].health_check.http.pth is not a field of an HTTP check (did you mean "path"?); allowed are method, path, host, status, body',
        '4 policies[a].health_check.http.status is empty; give it a value or leave the field out',
        '5 policies[a].health_check.tls.verify is "yes", but must be true or false',
        '7 policies[a].health_check.script[0].expct is not a field of a step (did you mean "expect"?); allowed are send, expect, send_secret',
        '8 policies[a].health_check.script[1] must have exactly one of send, expect, send_secret',
      ],
    ],
    [
      'a weight that is no whole number',
      'kind: Pool\nname: a\nbackends:\n  - { address: "10.0.0.1:1", weight: 1.5 }\n',
      ['4 pools[a].backends[10.0.0.1:1].weight is the number 1.5, but must be a whole number, 0 or more'],
    ],
    [
      'an output field',
      'kind: Listener\nname: a\naddress: "0.0.0.0:1"\npool: a\nrevision: "4"\n',
      ['5 listeners[a].revision is set by the control plane and can’t be declared; leave it out'],
    ],
    [
      'a field of every object’s prototype',
      'kind: constructor\nname: a\n---\nkind: Listener\nname: a\naddress: b\npool: c\ntoString: d\n',
      [
        '1 kind "constructor" is not a kind; use one of Policy, Pool, Listener',
        '8 listeners[a].toString is not a field of a listener; allowed are name, address, ipv6_only, pool, routes, first_bytes_timeout, tls, accept_proxy_protocol, allow, deny, limits',
      ],
    ],
  ];
  for (const [title, text, problems] of CASES) {
    it(title, () => assert.deepEqual(problemsOf(text), problems));
  }

  for (const [title, text, problem] of [
    [
      'a key that is there twice',
      'kind: Pool\nname: a\nname: b\n',
      '3  "name" is here again, after a.yaml:2; keep one',
    ],
    [
      'a kind that is there twice',
      'kind: Pool\nname: a\nkind: Pool\n',
      '3  "kind" is here again, after a.yaml:1; keep one',
    ],
    [
      'an alias across documents',
      'kind: Pool\nname: &a web\n---\nkind: Pool\nname: *a\n',
      '5  the alias *a has no anchor &a before it in the same document; write the value here',
    ],
    ['an unknown tag', 'kind: Pool\nname: !x web\n', '2  has the tag !x; manifests have no tags, remove it'],
    [
      'a tag of a whole resource',
      '!x\nkind: Pool\nname: a\n',
      '2  has the tag !x; manifests have no tags, remove it',
    ],
    [
      'a tag of YAML',
      'kind: Pool\nname: !!binary YQ==\n',
      '2  has the tag !!binary; manifests have no tags, remove it',
    ],
    [
      'a merge',
      'kind: Pool\nname: a\n<<: { policy: b }\n',
      '3 pools[a].<< would merge fields, which manifests do not; write them out',
    ],
    [
      'a tab',
      'kind: Pool\nname: a\nbackends:\n\t- b\n',
      "4  can't be read: Tabs are not allowed as indentation; use blanks",
    ],
    ['a directive', '%FOO\n---\nkind: Pool\nname: a\n', "1  can't be read: Unknown directive %FOO"],
    ['nesting', `a: ${'['.repeat(20_000)}`, "1  can't be read: it is nested too deeply"],
  ] as const) {
    it(`${title} is named for what it is`, () => assert.equal(problemsOf(text)[0], problem));
  }

  it('takes no longer to find in a large file, whatever it is full of', () => {
    const lines = (count: number, line: (index: number) => string) =>
      Array.from({ length: count }, (_, i) => line(i)).join('\n');
    const backend = (index: number) =>
      `{ address: "10.${index >> 16}.${(index >> 8) & 255}.${index & 255}:80" }`;
    const started = performance.now();
    assert.equal(problemsOf(`kind: Pool\nname: a\n${lines(100_000, (i) => `k${i}: 1`)}`).length, 100_000);
    const anchors = `kind: Pool\nname: a\nbackends:\n${lines(20_000, (i) => `- &a${i} ${backend(i)}\n- *a${i}`)}`;
    assert.deepEqual(problemsOf(anchors), []);
    const large = `- &p\n  kind: Pool\n  name: a\n  backends:\n${lines(1_000, (i) => `  - ${backend(i)}`)}\n${'- *p\n'.repeat(10_000)}`;
    assert.match(
      problemsOf(large).join(),
      /is where the file becomes too large, with what its aliases stand for$/,
    );
    assert.ok(performance.now() - started < 60_000, 'it takes minutes');
  });

  it('does not hide the problems of other documents, and YAML that can’t be read is one', () => {
    const text = 'kind: Pool\nname: [\n---\nkind: pool\nname: a\n';
    const problems = problemsOf(text);
    assert.ok(problems.length >= 2, problems.join('\n'));
    assert.match(problems[0] ?? '', /can't be read/);
    assert.match(problems.at(-1) ?? '', /^4 kind "pool" is not a kind/);
  });
});
