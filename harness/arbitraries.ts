/** Random valid values of the model, for property tests. */
import fc from 'fast-check';
import {
  BACKEND_STATES,
  HEALTH_CHECK_TYPES,
  type Backend,
  type Policy,
  type Resource,
  STRATEGIES,
} from '../core/model/resources.ts';

/** fc.record makes objects without a prototype, which deepEqual takes for different. */
const plain = <T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> =>
  fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;

export const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,10}[a-z0-9])?$/);

export const address = fc
  .tuple(
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: 1, max: 65_535 }),
  )
  .map(([third, fourth, port]) => `10.0.${third}.${fourth}:${port}`);

const settled: fc.Arbitrary<Policy> = plain({
  name,
  strategy: fc.constantFrom(...STRATEGIES),
  healthCheck: plain({
    type: fc.constantFrom(...HEALTH_CHECK_TYPES),
    intervalMs: fc.integer({ min: 100, max: 3_600_000 }),
    timeoutMs: fc.integer({ min: 10, max: 100 }),
    healthyThreshold: fc.integer({ min: 1, max: 100 }),
    unhealthyThreshold: fc.integer({ min: 1, max: 100 }),
  }),
  connect: plain({
    timeoutMs: fc.integer({ min: 10, max: 300_000 }),
    retries: fc.integer({ min: 0, max: 10 }),
  }),
  timeouts: plain({
    idleMs: fc.constantFrom(0, 1_000, 86_400_000),
    halfClosedMs: fc.constantFrom(0, 1_000, 3_600_000),
  }),
  drainTimeoutMs: fc.integer({ min: 0, max: 86_400_000 }),
});
/** With and without what is left out while it is the default. */
export const policy: fc.Arbitrary<Policy> = fc
  .tuple(settled, fc.constantFrom(0, 1, 100))
  .map(([value, oneIn]) => (oneIn === 1 ? value : { ...value, connectionLog: { oneIn } }));

export const backend: fc.Arbitrary<Backend> = plain({
  pool: name,
  address,
  weight: fc.integer({ min: 0, max: 1_000 }),
  state: fc.constantFrom(...BACKEND_STATES),
});

export const resource: fc.Arbitrary<Resource> = fc.oneof(
  policy.map((value) => ({ kind: 'policy' as const, value })),
  plain({ name, policy: name }).map((value) => ({ kind: 'pool' as const, value })),
  backend.map((value) => ({ kind: 'backend' as const, value })),
  plain({ name, address, pool: name }).map((value) => ({ kind: 'listener' as const, value })),
);
