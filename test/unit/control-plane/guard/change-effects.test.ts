import assert from 'node:assert/strict';
import { it } from 'node:test';
import { effectsOf } from '../../../../control-plane/guard/change-effects.ts';
import type { FleetFacts } from '../../../../control-plane/guard/fleet-facts.ts';
import { completePolicy, type HealthCheckDraft } from '../../../../core/model/draft.ts';
import { applyResources } from '../../../../core/model/edits/apply.ts';
import { predictShares } from '../../../../control-plane/guard/predicted-shares.ts';
import type { Strategy } from '../../../../core/model/resources.ts';
import { updatePolicy } from '../../../../core/model/edits/policy.ts';
import { addBackends, removeBackends, updateBackend } from '../../../../core/model/edits/backend.ts';
import { after, stateOf } from '../../../../harness/state.ts';

const STATE = stateOf([
  {
    kind: 'pool',
    value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 3 }, { address: '10.0.0.2:80' }] },
  },
  { kind: 'policy', value: { name: 'default', strategy: 'round_robin' } },
  { kind: 'listener', value: { name: 'web', address: '0.0.0.0:80', pool: 'web' } },
]);
const FLEET: FleetFacts = {
  complete: true,
  isHealthy: () => false,
  isUnknown: () => false,
  backendConnections: (_pool, address) => ({ '10.0.0.1:80': 12, '10.0.0.2:80': 5 })[address] ?? 0,
  listenerConnections: () => ({ connections: 17, proxies: 1 }),
};
const effects = (edit: Parameters<typeof after>[1]) => effectsOf(STATE, after(STATE, edit), FLEET);

/** The shares of a pool with `open` connections to each backend, and of one more that is added with none. */
function added(strategy: Strategy, open: readonly number[], given: Partial<FleetFacts> = {}) {
  const addresses = open.map((_, index) => `10.0.1.${index}:80`);
  const state = stateOf([
    { kind: 'policy', value: { name: 'p', strategy } },
    {
      kind: 'pool',
      value: { name: 'web', policy: 'p', backends: addresses.map((address) => ({ address })) },
    },
  ]);
  const facts: FleetFacts = {
    ...FLEET,
    isHealthy: () => true,
    backendConnections: (_, address) => open[addresses.indexOf(address)] ?? 0,
    ...given,
  };
  const more = after(state, addBackends('web', [{ address: '10.0.1.99:80' }]));
  const [pool] = effectsOf(state, more, facts).poolEffects;
  const percent = (share: unknown) => Math.round(Number(share) * 100);
  return {
    before: pool?.backends?.map(({ shareBefore }) => percent(shareBefore)),
    after: pool?.backends?.map(({ shareAfter }) => percent(shareAfter)),
    explanation: pool?.explanation,
  };
}

for (const [strategy, open, before, then, says] of [
  ['round_robin', [90, 90, 90], [33, 33, 33, 0], [25, 25, 25, 25], /by weight/],
  ['random', [90, 0, 0], [33, 33, 33, 0], [25, 25, 25, 25], /by weight/],
  ['source_hash', [90, 90, 90], [33, 33, 33, 0], [25, 25, 25, 25], /shares clients/],
  ['least_connections', [900, 900, 900], [33, 33, 33, 0], [0, 0, 0, 100], /the next 100 connections/],
  ['least_connections', [0, 0, 0], [33, 33, 33, 0], [25, 25, 25, 25], /the next 100 connections/],
  ['least_connections', [40, 0, 900], [30, 70, 0, 0], [7, 47, 0, 47], /the next 100 connections/],
  // Drawn first or second: 1 - 3/4 * 2/3. The other half is shared by the others.
  ['power_of_two_choices', [90, 90, 90], [33, 33, 33, 0], [17, 17, 17, 50], /the next 100 connections/],
  ['power_of_two_choices', [0, 0, 0], [33, 33, 33, 0], [25, 25, 25, 25], /the next 100 connections/],
  ['power_of_two_choices', [9300, 9200, 9100], [0, 33, 67, 0], [0, 17, 33, 50], /the next 100 connections/],
  // Nearly even already: a difference of three is made up for by the first three of a hundred.
  ['power_of_two_choices', [12, 9], [49, 52, 0], [28, 31, 40], /the next 100 connections/],
  ['power_of_two_choices', [7], [100, 0], [47, 54], /the next 100 connections/],
  [
    'peak_ewma',
    [90, 90, 90],
    [33, 33, 33, 0],
    [17, 17, 17, 50],
    /not known here.*the next 100 connections if all connect equally fast/,
  ],
] as const) {
  it(`${strategy} with ${open.join(', ')} open connections shares as it will, and says so`, () => {
    const found = added(strategy, open);
    assert.deepEqual([found.before, found.after], [before, then]);
    assert.match(found.explanation ?? '', new RegExp(`^${strategy} .*${says.source}.*\\.$`));
  });
}

it('power_of_two_choices with unequal weights shares as its draws do', () => {
  const weights = [1, 2, 5];
  const loads = [90, 80, 80];
  const expected = [0, 0, 0];
  for (const first of [0, 1, 2]) {
    for (const second of [0, 1, 2].filter((index) => index !== first)) {
      const odds = ((weights[first]! / 8) * weights[second]!) / (8 - weights[first]!);
      expected[loads[second]! < loads[first]! ? second : first]! += odds;
    }
  }
  const backends = weights.map((weight, at) => ({ address: `10.0.1.${at}:80`, weight }));
  const state = stateOf([{ kind: 'pool', value: { name: 'web', backends } }]);
  const pool = state.pools.get('web') ?? assert.fail();
  const policy = { ...completePolicy({ name: 'p' }), strategy: 'power_of_two_choices' } as const;
  const indexOf = (address: string) => Number(address[7]);
  // So many that a hundred more change nothing.
  const open = (_: string, address: string) => loads[indexOf(address)]! * weights[indexOf(address)]! * 1e9;
  const { shares } = predictShares(pool, policy, {
    ...FLEET,
    isHealthy: () => true,
    backendConnections: open,
  });
  const rounded = (all: Iterable<number>) => Array.from(all, (share) => share.toFixed(2));
  assert.deepEqual(rounded(shares.values()), rounded(expected));
});

it('backends that no proxy finds healthy get nothing, unless none is', () => {
  const one = added('round_robin', [0, 0], { isHealthy: (_, address) => address !== '10.0.1.0:80' });
  assert.deepEqual(
    [one.before, one.after],
    [
      [0, 100, 0],
      [0, 50, 50],
    ],
  );
  assert.match(one.explanation ?? '', /; backends that no proxy finds healthy get none\.$/);
  const none = added('round_robin', [0, 0], { isHealthy: () => false });
  assert.deepEqual([none.after, none.explanation?.includes('so all are used')], [[33, 33, 33], true]);
});

it('another strategy changes the shares of the pools that use it', () => {
  const { poolEffects } = effects(
    updatePolicy({ name: 'default', strategy: 'least_connections' }, ['strategy']),
  );
  assert.deepEqual(
    poolEffects.map(({ pool }) => pool),
    ['web'],
  );
});

it('a removal moves its share to the others, and its connections drain', () => {
  assert.deepEqual(effects(removeBackends('web', ['10.0.0.1:80'])), {
    poolEffects: [
      {
        pool: 'web',
        backends: [
          { address: '10.0.0.1:80', shareBefore: 0.75, shareAfter: 0, connections: 12 },
          { address: '10.0.0.2:80', shareBefore: 0.25, shareAfter: 1, connections: 5 },
        ],
        connectionsDraining: 12,
        explanation: 'round_robin shares new connections by weight; no backend is healthy, so all are used.',
      },
    ],
    listenerEffects: [],
  });
});

it('another weight moves shares and drains nothing, weight 0 included', () => {
  const [pool] = effects(updateBackend('web', { address: '10.0.0.1:80', weight: 0 })).poolEffects;
  assert.deepEqual(
    [pool?.connectionsDraining, pool?.backends?.map(({ shareAfter }) => shareAfter)],
    [0, [0, 1]],
  );
});

it('a deleted pool and a deleted listener are both listed, with all their connections', () => {
  const found = effects(applyResources([], { prune: true }));
  assert.deepEqual(found.listenerEffects, [{ listener: 'web', connections: 17 }]);
  assert.equal(found.poolEffects[0]?.connectionsDraining, 17);
});

it('a listener that moves is listed, because its old address is closed', () => {
  const value = { name: 'web', address: '0.0.0.0:81', pool: 'web' };
  const { listenerEffects } = effects(applyResources([{ kind: 'listener', value }], { prune: false }));
  assert.deepEqual(listenerEffects, [{ listener: 'web', connections: 17 }]);
});

it('a change that moves no connection has no effects', () => {
  assert.deepEqual(effects(updateBackend('web', { address: '10.0.0.1:80', weight: 3 })), {
    poolEffects: [],
    listenerEffects: [],
  });
});

it('a backend that drains already is not counted again', () => {
  const draining = after(STATE, updateBackend('web', { address: '10.0.0.1:80', state: 'draining' }));
  const edit = applyResources(
    [{ kind: 'pool', value: { name: 'web', backends: [{ address: '10.0.0.3:80' }] } }],
    { prune: false },
  );
  const [pool] = effectsOf(draining, after(draining, edit), FLEET).poolEffects;
  assert.equal(pool?.connectionsDraining, 5);
});

for (const [what, healthy, weights, shares, says] of [
  ['the first tier that is healthy serves', [0, 1, 2], [1, 1, 1], [1, 0, 0], /by weight\.$/],
  [
    'a reserve serves',
    [1, 2],
    [1, 1, 1],
    [0, 1, 0],
    /get none; tier 1 serves, because nothing of the tiers b/,
  ],
  ['a tier without weight does not serve', [0, 1, 2], [0, 0, 1], [0, 0, 1], /by weight\.$/],
  [
    'without health, the check refuses',
    [],
    [1, 1, 1],
    [0, 0, 0],
    /no backend is healthy, so new connections are r/,
  ],
] as const) {
  it(`with tiers, ${what}`, () => {
    const backends = weights.map((weight, tier) => ({ address: `10.0.1.${tier}:80`, weight, tier }));
    const state = stateOf([{ kind: 'pool', value: { name: 'web', backends } }]);
    const policy = completePolicy({ name: 'p', strategy: 'random', whenNoneHealthy: 'refuse' });
    const isHealthy = (_: string, address: string) => healthy.some((tier) => address === `10.0.1.${tier}:80`);
    const found = predictShares(state.pools.get('web') ?? assert.fail(), policy, { ...FLEET, isHealthy });
    assert.deepEqual(
      backends.map(({ address }) => found.shares.get(address) ?? 0),
      shares,
    );
    assert.match(found.explanation, says);
  });
}

it('another check says what happens while nothing passes it, even if no share changes by what is known', () => {
  const explanations = ['http', 'tcp', 'none'].map((type) => {
    const healthCheck = { type, ...(type === 'tcp' && { port: 81 }) } as HealthCheckDraft;
    const edit = updatePolicy({ name: 'default', healthCheck }, ['health_check']);
    return effectsOf(STATE, after(STATE, edit), { ...FLEET, isHealthy: () => true }).poolEffects[0]
      ?.explanation;
  });
  assert.match(
    explanations[0] ?? '',
    /no proxy has tried it: while no backend passes, new connections are refused\.$/,
  );
  assert.match(explanations[1] ?? '', /while no backend passes, all of them are used\.$/);
  assert.equal(explanations[2], undefined);
});
