/** The API of a control plane over real gRPC: resources, what is wrong with a request, and a store that is away. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LbError } from '../../../core/runtime/errors.ts';
import { MemoryStore } from '../../../harness/store/memory-store.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';

const WEB = { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 2 }, { address: '10.0.0.2:80' }] };
const web = (plane: TestControlPlane) => plane.call('pools', 'CreatePool', { pool: WEB });

describe('resources', () => {
  it('are created, read, changed and deleted', async (context) => {
    const { call } = await runControlPlane(context);
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
    await call('pools', 'RemoveBackends', { pool: 'web', addresses: ['10.0.0.2:80'], force: true });
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
});

describe('the history', () => {
  it('says what each revision did to a pool, and since when a backend has its state', async (context) => {
    const { call } = await runControlPlane(context);
    await call('pools', 'CreatePool', { pool: WEB });
    const before = (await call('pools', 'GetPool', { name: 'web' })).response.backends[0]?.stateSince;
    assert.ok(before && Number(before.seconds) > 0);
    await call('pools', 'UpdateBackend', { pool: 'web', backend: { address: '10.0.0.1:80', weight: 3 } });
    const host = { ip: '10.0.0.1', state: 'BACKEND_STATE_DRAINING' } as const;
    const { response } = await call('pools', 'SetHostState', host);
    assert.deepEqual(
      [response.revision, response.changes.map(({ name }) => name)],
      ['3', ['web/10.0.0.1:80']],
    );
    assert.equal((await call('pools', 'SetHostState', host)).response.unchanged, true);
    await assert.rejects(
      call('pools', 'SetHostState', { state: 'BACKEND_STATE_ACTIVE' }),
      /ip: "" is not an IP/,
    );
    await assert.rejects(call('pools', 'SetHostState', { ip: '10.0.0.1' }), /state: is missing/);
    const { revisions } = (await call('config', 'ListRevisions', {})).response;
    const told = revisions.map(({ resources }) => resources.map(({ name, details }) => [name, ...details]));
    const expected = [
      [['web', '10.0.0.1:80: active → draining']],
      [['web', '10.0.0.1:80: weight 2 → 3']],
      [['web', 'backends: 10.0.0.1:80, 10.0.0.2:80 added', 'policy default']],
    ];
    assert.deepEqual(told, expected);
    const { revision } = (await call('config', 'GetRevision', { revision: '2' })).response;
    assert.deepEqual(revision?.resources, revisions[1]?.resources);
    const [drained, other] = (await call('pools', 'GetPool', { name: 'web' })).response.backends;
    assert.deepEqual(other?.stateSince, before);
    assert.deepEqual(drained?.stateSince, revisions[0]?.time);
  });
});

describe('the guard', () => {
  it('counts what a pool had at any moment of the last ten minutes, its first ones included', async (context) => {
    const { call } = await runControlPlane(context);
    const addresses = ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'];
    await call('pools', 'CreatePool', {
      pool: { name: 'new', backends: addresses.map((address) => ({ address })) },
    });
    const remove = (count: number) =>
      call('pools', 'RemoveBackends', { pool: 'new', addresses: addresses.splice(0, count) });
    await remove(1);
    const refused = /1 active backend, less than half \(it has 2 now, and had 3 in the last ten minutes\)/;
    await assert.rejects(remove(1), refused);
  });
});

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
    const untouched = (await other.call('config', 'Export', {})).response.resources;
    assert.deepEqual(untouched, [], 'the built-in policy is left out until it is edited');
    await other.call('config', 'Apply', { resources, prune: true });
    const copy = (await other.call('config', 'Export', {})).response.resources;
    const isOutput = (field: string) => /^(?:revision|_?stateSince)$/.test(field);
    const bare = (value: unknown) =>
      JSON.stringify(value, (field, inner) => (isOutput(field) ? undefined : inner));
    assert.equal(bare(copy), bare(resources));
    assert.equal((await plane.call('config', 'Apply', { resources, prune: true })).response.unchanged, true);
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

/** The code of a call that must fail, and the fields that it names. */
async function refusal(call: Promise<unknown>): Promise<{ code: string; fields: readonly string[] }> {
  const error = await call.then(
    () => assert.fail('it was not refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof LbError, String(error));
  return { code: error.code, fields: error.violations.map(({ field }) => field) };
}

describe('a request is refused', () => {
  it('with every field that it lacks', async (context) => {
    const { call } = await runControlPlane(context);
    const cases: [request: Promise<unknown>, fields: string[]][] = [
      [call('pools', 'CreatePool', {}), ['pool']],
      [call('pools', 'UpdatePool', { pool: {} }), ['pool']],
      [call('pools', 'GetPool', {}), ['name']],
      [call('pools', 'DeletePool', {}), ['pool']],
      [call('pools', 'AddBackends', {}), ['backends', 'pool']],
      [call('pools', 'RemoveBackends', {}), ['addresses', 'pool']],
      [call('pools', 'UpdateBackend', { backend: {} }), ['pool', 'pools[].backends[].address']],
      [call('policies', 'CreatePolicy', {}), ['policy']],
      [call('policies', 'UpdatePolicy', {}), ['policy']],
      [call('listeners', 'CreateListener', {}), ['listener']],
      [call('listeners', 'UpdateListener', { listener: {} }), ['listener']],
      [call('fleet', 'DeleteProxy', {}), ['proxy_id']],
      [call('config', 'Apply', { resources: [{}, { pool: {} }] }), ['resources[0]', 'pools[].name']],
    ];
    const found = await Promise.all(cases.map(([request]) => refusal(request)));
    assert.deepEqual(
      found,
      cases.map(([, fields]) => ({ code: 'INVALID_ARGUMENT', fields })),
    );
  });

  it('when author, message or request_id are too long, all of them named', async (context) => {
    const { call } = await runControlPlane(context);
    const fields = { author: 'a'.repeat(201), message: 'm'.repeat(1_001), requestId: 'r'.repeat(65) };
    assert.deepEqual(await refusal(call('pools', 'CreatePool', { pool: { name: 'web' }, ...fields })), {
      code: 'INVALID_ARGUMENT',
      fields: ['request_id', 'author', 'message'],
    });
  });

  it('when it names another revision than there is, for each method that takes one', async (context) => {
    const plane = await runControlPlane(context);
    await web(plane);
    const { call } = plane;
    await call('listeners', 'CreateListener', {
      listener: { name: 'l', address: '0.0.0.0:80', pool: 'web' },
    });
    const backend = { address: '10.0.0.1:80', weight: 3, revision: '99' };
    for (const stale of [
      call('listeners', 'DeleteListener', { name: 'l', revision: '1' }),
      call('pools', 'UpdateBackend', { pool: 'web', backend }),
      call('config', 'Apply', { resources: [], prune: true, expectedRevision: '1' }),
      call('config', 'Apply', { resources: [], expectedRevision: '0' }),
    ]) {
      assert.equal((await refusal(stale)).code, 'ABORTED');
    }
  });
});

it('a repeated change has its first outcome at any replica, and its request_id serves nothing else', async (context) => {
  const store = new MemoryStore();
  const first = await runControlPlane(context, { store });
  const second = await runControlPlane(context, { store: new MemoryStore(store.log) });
  const request = { pool: WEB, requestId: 'one', author: 'me' };
  const made = await first.call('pools', 'CreatePool', request);
  assert.equal(made.response.repeatedRequest, false);
  for (const replica of [first, second]) {
    const { response } = await replica.call('pools', 'CreatePool', request);
    assert.deepEqual([response.revision, response.repeatedRequest], ['1', true]);
  }
  const other = first.call('pools', 'CreatePool', { pool: { name: 'other' }, requestId: 'one' });
  assert.equal((await refusal(other)).code, 'INVALID_ARGUMENT');
  assert.equal(store.log.commits.length, 1);
});

describe('while the store is away', () => {
  it('reads come from memory and say so; changes are refused and nothing is written', async (context) => {
    const store = new MemoryStore();
    const plane = await runControlPlane(context, { store });
    await web(plane);
    assert.equal((await plane.call('pools', 'GetPool', { name: 'web' })).stale, false);
    store.away = true;
    const { stale, response } = await plane.call('pools', 'GetPool', { name: 'web' });
    assert.deepEqual([stale, response.backends.length], [true, 2]);
    assert.equal((await refusal(plane.call('pools', 'DeletePool', { name: 'web' }))).code, 'UNAVAILABLE');
    store.away = false;
    assert.equal((await plane.call('pools', 'GetPool', { name: 'web' })).stale, false);
    assert.equal(store.log.commits.length, 1);
  });

  it('a replica that never read it answers UNAVAILABLE, and gets ready when it comes', async (context) => {
    const store = new MemoryStore();
    store.away = true;
    const plane = await runControlPlane(context, { store, ready: false });
    assert.equal((await refusal(plane.call('pools', 'ListPools', {}))).code, 'UNAVAILABLE');
    assert.equal((await refusal(web(plane))).code, 'UNAVAILABLE');
    store.away = false;
    await web(plane);
    assert.equal((await plane.call('pools', 'ListPools', {})).response.pools.length, 1);
  });
});
