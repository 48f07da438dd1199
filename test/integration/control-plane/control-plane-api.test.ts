/** Resources through the API of a control plane, over real gRPC. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { ConfigStore } from '../../../control-plane/store/config-store.ts';
import { MemoryStore } from '../../../harness/store/memory-store.ts';
import type { Scope } from '../../../harness/programs/processes.ts';
import {
  runControlPlane,
  temporaryLmdb,
  type TestControlPlane,
} from '../../../harness/programs/running-control-plane.ts';

const STORES: Readonly<Record<string, (scope: Scope) => ConfigStore>> = {
  memory: () => new MemoryStore(),
  lmdb: temporaryLmdb,
};

const WEB = { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 2 }, { address: '10.0.0.2:80' }] };
const web = (plane: TestControlPlane) => plane.call('pools', 'CreatePool', { pool: WEB });

for (const [name, store] of Object.entries(STORES)) {
  const start = (context: TestContext) => runControlPlane(context, { store: store(context) });

  describe(`resources, in a store of kind ${name}`, () => {
    it('are created, read, changed and deleted', async (context) => {
      const { call } = await start(context);
      assert.equal(
        (await call('policies', 'CreatePolicy', { policy: { name: 'steady' } })).response.revision,
        '1',
      );
      const created = await call('pools', 'CreatePool', { pool: { ...WEB, policy: 'steady' } });
      assert.deepEqual(
        created.response.changes.map((change) => `${change.action} ${change.kind} ${change.name}`),
        [
          'ACTION_CREATED pool web',
          'ACTION_CREATED backend web/10.0.0.1:80',
          'ACTION_CREATED backend web/10.0.0.2:80',
        ],
      );
      const listener = { name: 'web', address: '0.0.0.0:80', pool: 'web' };
      assert.equal((await call('listeners', 'CreateListener', { listener })).response.revision, '3');

      await call('policies', 'UpdatePolicy', {
        policy: { name: 'steady', strategy: 'STRATEGY_RANDOM', connect: { retries: 7 } },
        updateMask: { paths: ['strategy'] },
      });
      const policy = (await call('policies', 'GetPolicy', { name: 'steady' })).response;
      assert.equal(policy.strategy, 'STRATEGY_RANDOM');
      assert.equal(policy.connect?.retries, 2);
      assert.equal(policy.revision, '4');

      await call('pools', 'AddBackends', { pool: 'web', backends: [{ address: '10.0.0.3:80', weight: 0 }] });
      await call('pools', 'UpdateBackend', {
        pool: 'web',
        backend: { address: '10.0.0.1:80', state: 'BACKEND_STATE_DRAINING' },
      });
      await call('pools', 'RemoveBackends', { pool: 'web', addresses: ['10.0.0.2:80'] });
      const pool = (await call('pools', 'GetPool', { name: 'web' })).response;
      assert.equal(pool.revision, '7');
      assert.deepEqual(
        pool.backends.map(({ address, weight, state, revision }) => [address, weight, state, revision]),
        [
          ['10.0.0.1:80', 2, 'BACKEND_STATE_DRAINING', '6'],
          ['10.0.0.3:80', 0, 'BACKEND_STATE_ACTIVE', '5'],
        ],
      );

      await call('listeners', 'UpdateListener', { listener: { ...listener, address: '0.0.0.0:81' } });
      assert.equal((await call('listeners', 'GetListener', { name: 'web' })).response.address, '0.0.0.0:81');
      await call('listeners', 'DeleteListener', { name: 'web' });
      await call('pools', 'UpdatePool', { pool: { name: 'web' }, updateMask: { paths: ['policy'] } });
      await call('pools', 'DeletePool', { name: 'web' });
      await call('policies', 'DeletePolicy', { name: 'steady' });
      assert.deepEqual((await call('pools', 'ListPools', {})).response.pools, []);
      assert.deepEqual((await call('listeners', 'ListListeners', {})).response.listeners, []);
      const { policies } = (await call('policies', 'ListPolicies', {})).response;
      assert.deepEqual(
        policies.map((each) => [each.name, each.revision]),
        [['default', '0']],
      );
    });

    it('are replaced by Apply, all in one revision, and pruned when asked', async (context) => {
      const plane = await start(context);
      await web(plane);
      await plane.call('pools', 'CreatePool', { pool: { name: 'old' } });
      const resources = [
        { listener: { name: 'front', address: '0.0.0.0:80', pool: 'web' } },
        { pool: { name: 'web', backends: [{ address: '10.0.0.9:80' }] } },
      ];
      const { response } = await plane.call('config', 'Apply', {
        resources,
        prune: true,
        message: 'all new',
      });
      assert.equal(response.revision, '3');
      assert.deepEqual(
        response.changes.map(({ kind, name: changed, action }) => `${kind} ${changed} ${action}`).sort(),
        [
          'backend web/10.0.0.1:80 ACTION_DELETED',
          'backend web/10.0.0.2:80 ACTION_DELETED',
          'backend web/10.0.0.9:80 ACTION_CREATED',
          'listener front ACTION_CREATED',
          'pool old ACTION_DELETED',
        ],
      );
      const again = await plane.call('config', 'Apply', { resources, prune: true });
      assert.equal(again.response.unchanged, true);
      assert.equal(again.response.revision, '3');
    });
  });
}

describe('Export', () => {
  it('gives what Apply needs to make the same again', async (context) => {
    const plane = await runControlPlane(context);
    await web(plane);
    await plane.call('policies', 'UpdatePolicy', {
      policy: { name: 'default', strategy: 'STRATEGY_RANDOM' },
    });
    await plane.call('listeners', 'CreateListener', {
      listener: { name: 'l', address: '[::1]:80', pool: 'web' },
    });
    const { resources, position } = (await plane.call('config', 'Export', {})).response;
    assert.equal(position?.revision, '3');
    assert.deepEqual(
      resources.map(({ resource }) => resource),
      ['policy', 'pool', 'listener'],
    );

    const other = await runControlPlane(context);
    await other.call('config', 'Apply', { resources, prune: true });
    const copy = (await other.call('config', 'Export', {})).response.resources;
    const bare = (text: unknown) => JSON.stringify(text).replaceAll(/"revision":"\d+"/g, '');
    assert.equal(bare(copy), bare(resources));
    assert.equal((await plane.call('config', 'Apply', { resources, prune: true })).response.unchanged, true);
  });

  it('leaves the built-in policy out until it is edited', async (context) => {
    const { call } = await runControlPlane(context);
    assert.deepEqual((await call('config', 'Export', {})).response.resources, []);
  });
});

describe('ListRevisions', () => {
  it('gives commits newest first, page by page', async (context) => {
    const { call } = await runControlPlane(context);
    for (let index = 1; index <= 5; index += 1) {
      await call('pools', 'CreatePool', {
        pool: { name: `p${index}` },
        author: 'me',
        message: `number ${index}`,
      });
    }
    const seen: string[] = [];
    let pageToken = '';
    do {
      const { response } = await call('config', 'ListRevisions', { pageSize: 2, pageToken });
      seen.push(
        response.revisions
          .map(({ revision, author, message, changes }) => [revision, author, message, ...changes].join(' '))
          .join(', '),
      );
      pageToken = response.nextPageToken;
    } while (pageToken !== '');
    assert.deepEqual(seen, [
      '5 me number 5 created pool p5, 4 me number 4 created pool p4',
      '3 me number 3 created pool p3, 2 me number 2 created pool p2',
      '1 me number 1 created pool p1',
    ]);
  });

  it('refuses a page size that is out of range and a token that was not issued here', async (context) => {
    const { call } = await runControlPlane(context);
    await assert.rejects(call('config', 'ListRevisions', { pageSize: 1_001, pageToken: 'x' }), {
      code: 'INVALID_ARGUMENT',
      message: 'The request has 2 errors.',
    });
  });
});
