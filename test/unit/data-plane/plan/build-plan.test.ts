import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BackendState, Resource } from '../../../../core/model/resources.ts';
import { MAGLEV_ENTRIES } from '../../../../data-plane/balancing/maglev.ts';
import type { BuiltPlan } from '../../../../data-plane/plan/plan-directory.ts';
import { Planner } from '../../../../harness/worker/planner.ts';
import { backend, listener, policy, pool } from '../../../../harness/snapshots.ts';
import { planDifference } from '../../../../data-plane/plan/plan-difference.ts';

function inState(resource: Resource, state: BackendState): Resource {
  assert.equal(resource.kind, 'backend');
  return { kind: 'backend', value: { ...resource.value, state } };
}

function inTier(resource: Resource, tier: number): Resource {
  assert.equal(resource.kind, 'backend');
  return { kind: 'backend', value: { ...resource.value, tier } };
}

function poolNamed({ plan }: BuiltPlan, name: string) {
  const found = plan.pools.find((each) => each.name === name);
  assert.ok(found);
  return found;
}

describe('buildPlan', () => {
  it('turns names into rows, takes what policies say, and keeps the names aside', () => {
    const built = new Planner().build(
      policy('steady', {
        strategy: 'least_connections',
        connect: { timeoutMs: 7, retries: 4 },
        timeouts: { idleMs: 8, halfClosedMs: 9 },
        connectionLog: { oneIn: 6 },
        maxLifetimeMs: 5,
        whenNoneHealthy: 'refuse',
      }),
      pool('web', 'steady'),
      backend('web', '10.0.0.2:80', 3),
      backend('web', '10.0.0.10:80', 2),
      listener('http', '0.0.0.0:80', 'web'),
    );
    const { rows, weights, ...rest } = poolNamed(built, 'web');
    assert.deepEqual(rest, {
      row: 0,
      name: 'web',
      strategy: 'least_connections',
      connectTimeoutMs: 7,
      retries: 4,
      idleMs: 8,
      logOneIn: 6,
      halfClosedMs: 9,
      maxLifetimeMs: 5,
      proxyProtocol: null,
      alwaysUp: false,
      refuses: true,
      tiers: null,
      maxConnections: null,
      queue: null,
      tls: null,
      hosts: null,
    });
    assert.deepEqual([...weights], [2, 3]);
    assert.equal(built.plan.sequence, 1);
    assert.equal(built.plan.revision, 10);
    assert.deepEqual(built.plan.listeners, [
      {
        row: 0,
        name: 'http',
        address: '0.0.0.0:80',
        binding: '0.0.0.0:80',
        pool: 0,
        firstBytes: null,
        admission: null,
        tls: null,
      },
    ]);
    const [directory] = built.directory.pools;
    assert.deepEqual(
      directory?.backends.map(({ address, row, generation }) => [address, row, generation]),
      [
        ['10.0.0.10:80', rows[0], 1],
        ['10.0.0.2:80', rows[1], 1],
      ],
    );
    assert.equal(directory?.policy.name, 'steady');
    assert.deepEqual(
      built.directory.listeners.map(({ row, name, address, host, port, resource }) => [
        row,
        name,
        address,
        host,
        port,
        resource.pool,
      ]),
      [[0, 'http', '0.0.0.0:80', '0.0.0.0', 80, 'web']],
    );
  });

  it('gives weight 0 to what is not active, and keeps the configured weight for people', () => {
    const built = new Planner().build(
      pool('web'),
      inState(backend('web', '10.0.0.1:80', 5), 'draining'),
      inState(backend('web', '10.0.0.2:80', 6), 'disabled'),
      backend('web', '10.0.0.3:80', 7),
    );
    assert.deepEqual([...poolNamed(built, 'web').weights], [0, 0, 7]);
    assert.deepEqual(
      built.directory.pools[0]?.backends.map(({ weight, state }) => [weight, state]),
      [
        [5, 'draining'],
        [6, 'disabled'],
        [7, 'active'],
      ],
    );
  });

  it('counts as always up what is not checked', () => {
    const { healthCheck } = policyValue();
    const built = new Planner().build(
      policy('blind', { healthCheck: { ...healthCheck, type: 'none' } }),
      pool('web', 'blind'),
      pool('api'),
    );
    assert.equal(poolNamed(built, 'web').alwaysUp, true);
    assert.equal(poolNamed(built, 'api').alwaysUp, false);
  });

  it('puts whatever is as long as the pool into shared memory', () => {
    const built = new Planner().build(
      policy('sticky', { strategy: 'source_hash' }),
      pool('web', 'sticky'),
      backend('web', '10.0.0.1:80'),
    );
    const { rows, weights, hosts } = poolNamed(built, 'web');
    for (const view of [rows, weights, hosts?.ends, hosts?.keys, hosts?.byTier[0]])
      assert.ok(view?.buffer instanceof SharedArrayBuffer);
    assert.equal(hosts?.byTier[0]?.length, MAGLEV_ENTRIES);
  });

  it('takes arrays and table over while members, weights and strategy stay, and only then', () => {
    const planner = new Planner();
    const sticky = policy('sticky', { strategy: 'source_hash' });
    const one = backend('web', '10.0.0.1:80');
    const two = backend('web', '10.0.0.2:80');
    const reserve = inTier(two, 2);
    const before = poolNamed(planner.build(sticky, pool('web', 'sticky'), one, two), 'web');
    const slower = policy('sticky', { strategy: 'source_hash', connect: { timeoutMs: 99, retries: 1 } });
    const same = poolNamed(
      planner.build(slower, pool('web', 'sticky'), one, two, listener('l', '0.0.0.0:80', 'web')),
      'web',
    );
    assert.equal(same.connectTimeoutMs, 99);
    assert.ok(same.rows === before.rows && same.weights === before.weights && same.hosts === before.hosts);
    const tiered = poolNamed(planner.build(sticky, pool('web', 'sticky'), one, reserve), 'web');
    assert.ok(tiered.weights !== same.weights && tiered.hosts !== same.hosts);
    assert.ok(tiered.tiers?.buffer instanceof SharedArrayBuffer);
    assert.deepEqual([...tiered.tiers], [0, 2]);
    const drained = poolNamed(
      planner.build(sticky, pool('web', 'sticky'), one, inState(two, 'draining')),
      'web',
    );
    assert.ok(drained.weights !== same.weights && drained.hosts !== same.hosts);
    assert.ok(drained.hosts?.byTier[0]?.every((candidate) => candidate === 0));
    const spread = poolNamed(planner.build(pool('web'), one, inState(two, 'draining')), 'web');
    assert.ok(spread.hosts === null && spread.rows === drained.rows);
    const hashed = poolNamed(
      planner.build(sticky, pool('web', 'sticky'), one, inState(two, 'draining')),
      'web',
    );
    assert.deepEqual(hashed.hosts, drained.hosts);
  });

  it('keeps rows from plan to plan, and those of a listener by its address', () => {
    const planner = new Planner();
    const before = planner.build(
      pool('web'),
      pool('api'),
      backend('web', '10.0.0.5:80'),
      listener('a', '0.0.0.0:80', 'web'),
    );
    const after = planner.build(
      pool('another'),
      pool('web'),
      backend('web', '10.0.0.1:80'),
      backend('web', '10.0.0.5:80'),
      listener('renamed', '0.0.0.0:80', 'another'),
    );
    assert.equal(poolNamed(after, 'web').row, poolNamed(before, 'web').row);
    assert.equal(poolNamed(after, 'web').rows[1], poolNamed(before, 'web').rows[0]);
    assert.equal(after.plan.listeners[0]?.row, before.plan.listeners[0]?.row);
    assert.equal(after.plan.pools[after.plan.listeners[0]?.pool ?? -1]?.name, 'another');
  });

  it('refuses what it could not run, whole, with every reason, and without touching a row', () => {
    const planner = new Planner();
    const result = planner.tryBuild(
      pool('web', 'missing-policy'),
      backend('web', 'localhost:80'),
      backend('no-pool', '10.0.0.1:80'),
      listener('one', '0.0.0.0:80', 'web'),
      listener('two', '0.0.0.0:80', 'web'),
      listener('three', '0.0.0.0:81', 'nowhere'),
    );
    assert.ok(!result.ok);
    assert.deepEqual(result.violations.map(({ field }) => field).toSorted(), [
      'listeners[three].pool',
      'listeners[two].address',
      'pools[no-pool].backends[10.0.0.1:80]',
      'pools[web].backends[localhost:80].address',
      'pools[web].policy',
    ]);
    assert.equal(planner.rows.generation(0), 0);
  });

  it('runs an empty snapshot', () => {
    assert.deepEqual(new Planner().build().plan, { sequence: 1, revision: 10, listeners: [], pools: [] });
  });
});

function policyValue() {
  const resource = policy('default');
  assert.equal(resource.kind, 'policy');
  return resource.value;
}

function planner() {
  const plans = new Planner();
  return (...resources: Resource[]): BuiltPlan => {
    const built = plans.build(...resources);
    plans.sweep();
    return built;
  };
}

/** The difference in words. */
function words(from: BuiltPlan | null, to: BuiltPlan): string[] {
  const difference = planDifference(from, to);
  return [
    ...difference.activated.map(({ address }) => `activated ${address}`),
    ...difference.retired.map(
      ({ backend: { address }, drainTimeoutMs }) => `retired ${address} within ${drainTimeoutMs}`,
    ),
  ];
}

const A = backend('web', '10.0.0.1:80');
const B = backend('web', '10.0.0.2:80');
const quick = policy('quick', { drainTimeoutMs: 5 });

describe('planDifference', () => {
  it('starts with everything', () => {
    const plan = planner()(pool('web'), A, inState(B, 'draining'));
    assert.deepEqual(words(null, plan), ['activated 10.0.0.1:80']);
  });

  for (const [name, before, after, expected] of [
    [
      'a drain starts, with the time the new policy gives',
      [A],
      [inState(A, 'draining')],
      ['retired 10.0.0.1:80 within 5'],
    ],
    ['a backend is disabled', [A], [inState(A, 'disabled')], ['retired 10.0.0.1:80 within 5']],
    ['a backend is removed', [A, B], [B], ['retired 10.0.0.1:80 within 300000']],
    ['a drain is undone', [inState(A, 'draining')], [A], ['activated 10.0.0.1:80']],
    ['a backend is added', [], [B], ['activated 10.0.0.2:80']],
    ['a draining backend is removed: its deadline stands', [inState(A, 'draining')], [], []],
    [
      'a draining backend is disabled: its deadline stands',
      [inState(A, 'draining')],
      [inState(A, 'disabled')],
      [],
    ],
    ['a weight changes', [A], [backend('web', '10.0.0.1:80', 9)], []],
  ] as const) {
    it(`says it when ${name}`, () => {
      const run = planner();
      const first = run(pool('web'), quick, ...before);
      const second = run(pool('web', 'quick'), quick, ...after);
      assert.deepEqual(words(first, second), expected);
    });
  }

  it('takes a backend that lost its row in between for another', () => {
    const run = planner();
    const first = run(pool('web'), A);
    run(pool('web'));
    run(pool('web'));
    const back = run(pool('web'), A);
    assert.deepEqual(words(first, back), ['activated 10.0.0.1:80', 'retired 10.0.0.1:80 within 300000']);
  });

  it('retires the backends of a pool that is gone', () => {
    const run = planner();
    const before = run(quick, pool('web', 'quick'), A);
    assert.deepEqual(words(before, run(quick)), ['retired 10.0.0.1:80 within 5']);
  });
});
