import assert from 'node:assert/strict';
import { it } from 'node:test';
import { effectsOf } from '../../../../control-plane/guard/change-effects.ts';
import type { FleetFacts } from '../../../../control-plane/guard/fleet-facts.ts';
import { applyResources } from '../../../../core/model/edits/apply.ts';
import { removeBackends, updateBackend } from '../../../../core/model/edits/backend.ts';
import { after, stateOf } from '../../../../harness/state.ts';

const STATE = stateOf([
  {
    kind: 'pool',
    value: { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 3 }, { address: '10.0.0.2:80' }] },
  },
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
