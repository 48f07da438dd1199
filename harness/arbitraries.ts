/** Random valid values of the model, for property tests. */
import fc from 'fast-check';
import {
  type BackendDraft,
  completeBackend,
  completeListener,
  completePolicy,
  completePool,
  type HealthCheckDraft,
  type ListenerDraft,
  type PolicyDraft,
  type ResourceDraft,
} from '../core/model/draft.ts';
import {
  type Backend,
  BACKEND_STATES,
  CHECK_PROXY_PROTOCOL,
  CLIENT_CERTIFICATES,
  HEALTH_CHECK_TYPES,
  ON_UNHEALTHY,
  type Policy,
  PROXY_PROTOCOLS,
  type Resource,
  STRATEGIES,
  TLS_VERSIONS,
  WHEN_NONE_HEALTHY,
} from '../core/model/resources.ts';

/** fc.record makes objects without a prototype, which deepEqual takes for different. */
const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

/** The same with any of the fields left out. */
const optional = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { noNullPrototype: true, requiredKeys: [] });

export const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/);

export const address = fc
  .tuple(
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 1, max: 65_535 }),
  )
  .map(([third, fourth, port]) => `10.0.${third}.${fourth}:${port}`);

const milliseconds = fc.constantFrom(1_000, 60_000, 3_600_000);
const text = fc.constantFrom('', 'a.example', 'PING\\r\\n', 'ä');

const healthCheck: fc.Arbitrary<HealthCheckDraft> = optional({
  type: fc.constantFrom(...HEALTH_CHECK_TYPES),
  intervalMs: fc.integer({ min: 1_000, max: 3_600_000 }),
  timeoutMs: fc.integer({ min: 10, max: 1_000 }),
  healthyThreshold: fc.integer({ min: 1, max: 100 }),
  unhealthyThreshold: fc.integer({ min: 1, max: 100 }),
  port: fc.integer({ min: 1, max: 65_535 }),
  unhealthyIntervalMs: milliseconds,
  proxyProtocol: fc.constantFrom(...CHECK_PROXY_PROTOCOL),
  http: optional({
    method: fc.constantFrom('GET', 'HEAD'),
    path: fc.constantFrom('/', '/primary?lag=1'),
    host: text,
    status: fc.constantFrom(['200'], ['200-299', '401']),
    body: text,
  }),
  tls: optional({ serverName: text, verify: fc.boolean(), ca: text }),
  script: fc.array(fc.oneof(plain({ send: text }), plain({ expect: text }), plain({ sendSecret: name })), {
    minLength: 1,
  }),
});

/** With fields left out; a part of the health check may be there that its type does not have. */
const policyDraft: fc.Arbitrary<PolicyDraft> = fc
  .tuple(
    name,
    optional({
      strategy: fc.constantFrom(...STRATEGIES),
      healthCheck,
      connect: optional({
        timeoutMs: fc.integer({ min: 10, max: 300_000 }),
        retries: fc.integer({ min: 0, max: 10 }),
      }),
      timeouts: optional({
        idleMs: fc.constantFrom(0, 1_000, 86_400_000),
        halfClosedMs: fc.constantFrom(0, 1_000, 3_600_000),
      }),
      drainTimeoutMs: fc.integer({ min: 0, max: 86_400_000 }),
      connectionLog: optional({ oneIn: fc.constantFrom(0, 1, 100) }),
      whenNoneHealthy: fc.constantFrom(...WHEN_NONE_HEALTHY),
      onUnhealthy: fc.constantFrom(...ON_UNHEALTHY),
      slowStartMs: milliseconds,
      maxLifetimeMs: milliseconds,
      expectHealthy: fc.integer({ min: 1, max: 100 }),
    }),
  )
  .map(([policyName, fields]) => ({ name: policyName, ...fields }));

export const policy: fc.Arbitrary<Policy> = policyDraft.map(completePolicy);

const limit = fc.integer({ min: 0, max: 2 });

const backendDraft: fc.Arbitrary<BackendDraft> = fc
  .tuple(
    fc.oneof(
      address,
      address.map((one) => one.replace(/:.*/, '')),
    ),
    optional({
      weight: fc.integer({ min: 0, max: 1_000 }),
      state: fc.constantFrom(...BACKEND_STATES),
      tier: limit,
      maxConnections: limit,
    }),
  )
  .map(([at, fields]) => ({ address: at, ...fields }));

export const backend: fc.Arbitrary<Backend> = fc
  .tuple(name, backendDraft)
  .map(([pool, draft]) => completeBackend(pool, draft));

/** Texts in canonical form and in others. */
const pem = fc.constantFrom('', '-----BEGIN CERTIFICATE-----\n');
const network = fc.constantFrom('10.0.0.0/8', '192.0.2.7', '2001:DB8::/32', '::/0');
const protocols = fc.uniqueArray(fc.constantFrom('h2', 'http/1.1', 'mqtt'));
const networks = fc.uniqueArray(network);

/** Without its backends. */
const poolDraft = fc
  .tuple(
    name,
    optional({
      policy: name,
      proxyProtocol: fc.constantFrom(...PROXY_PROTOCOLS),
      queue: optional({ length: limit, timeoutMs: milliseconds }),
      tls: optional({
        serverName: fc.constantFrom('', 'DB.example.com.'),
        verify: fc.boolean(),
        ca: pem,
      }),
      dns: fc.array(
        fc
          .tuple(
            fc.constantFrom('DB.example.com.:5432', '_pg._tcp.example.com'),
            optional({ weight: limit, tier: limit, maxConnections: limit }),
          )
          .map(([dnsName, fields]) => ({ name: dnsName, ...fields })),
      ),
    }),
  )
  .map(([poolName, fields]) => ({ name: poolName, ...fields }));

const listenerDraft: fc.Arbitrary<ListenerDraft> = fc
  .tuple(
    plain({ name, address: fc.oneof(address, fc.constant('[::0]:7000-7010')) }),
    optional({
      pool: name,
      ipv6Only: fc.boolean(),
      routes: fc.array(
        fc
          .tuple(
            name,
            optional({
              serverNames: fc.uniqueArray(fc.constantFrom('A.example.com', '*.b.example.com.')),
              alpn: protocols,
            }),
          )
          .map(([pool, fields]) => ({ pool, ...fields })),
      ),
      firstBytesTimeoutMs: fc.constantFrom(1_000, 3_000),
      tls: optional({
        certificates: fc.uniqueArray(name),
        minVersion: fc.constantFrom(...TLS_VERSIONS),
        alpn: protocols,
        clientCa: pem,
        clientCertificate: fc.constantFrom(...CLIENT_CERTIFICATES),
      }),
      acceptProxyProtocol: networks,
      allow: networks,
      deny: networks,
      limits: optional({
        connections: limit,
        perSource: limit,
        rate: limit,
        ratePerSource: limit,
        dryRun: fc.boolean(),
      }),
    }),
  )
  .map(([must, may]) => ({ ...must, ...may }));

export const resource: fc.Arbitrary<Resource> = fc.oneof(
  policy.map((value) => ({ kind: 'policy' as const, value })),
  poolDraft.map((draft) => ({ kind: 'pool' as const, value: completePool(draft) })),
  backend.map((value) => ({ kind: 'backend' as const, value })),
  listenerDraft.map((draft) => ({ kind: 'listener' as const, value: completeListener(draft) })),
);

/** What a request or a manifest may have, references to nothing included. */
export const resourceDraft: fc.Arbitrary<ResourceDraft> = fc.oneof(
  policyDraft.map((value) => ({ kind: 'policy' as const, value })),
  fc
    .tuple(poolDraft, fc.uniqueArray(backendDraft, { selector: (one) => one.address }))
    .map(([value, backends]) => ({ kind: 'pool' as const, value: { ...value, backends } })),
  listenerDraft.map((value) => ({ kind: 'listener' as const, value })),
);
