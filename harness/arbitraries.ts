/** Random valid values of the model, for property tests. */
import fc from 'fast-check';
import { completePolicy, type HealthCheckDraft, type PolicyDraft } from '../core/model/draft.ts';
import {
  type Backend,
  BACKEND_STATES,
  HEALTH_CHECK_TYPES,
  ON_UNHEALTHY,
  type Policy,
  type Resource,
  STRATEGIES,
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

export const backend: fc.Arbitrary<Backend> = fc
  .tuple(
    plain({
      pool: name,
      address,
      weight: fc.integer({ min: 0, max: 1_000 }),
      state: fc.constantFrom(...BACKEND_STATES),
    }),
    fc.integer({ min: 0, max: 2 }),
  )
  .map(([value, tier]) => ({ ...value, ...(tier > 0 && { tier }) }));

export const resource: fc.Arbitrary<Resource> = fc.oneof(
  policy.map((value) => ({ kind: 'policy' as const, value })),
  plain({ name, policy: name }).map((value) => ({ kind: 'pool' as const, value })),
  backend.map((value) => ({ kind: 'backend' as const, value })),
  plain({ name, address, pool: name }).map((value) => ({ kind: 'listener' as const, value })),
);
