/** How the API treats requests: what is wrong, what is repeated, and a store that is away. Over real gRPC. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LbError } from '../../../core/runtime/errors.ts';
import { MemoryStore } from '../../../harness/store/memory-store.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';

const WEB = { name: 'web', backends: [{ address: '10.0.0.1:80', weight: 2 }, { address: '10.0.0.2:80' }] };
const web = (plane: TestControlPlane) => plane.call('pools', 'CreatePool', { pool: WEB });

/** The error of a call that must fail. */
async function refused(call: Promise<unknown>): Promise<LbError> {
  const error = await call.then(
    () => assert.fail('it was not refused'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof LbError, String(error));
  return error;
}

const fieldsOf = (error: LbError) => error.violations.map(({ field }) => field);

describe('what is wrong is refused', () => {
  it('with every violation at once', async (context) => {
    const { call } = await runControlPlane(context);
    const error = await refused(
      call('pools', 'CreatePool', {
        pool: {
          name: 'Web',
          policy: 'none',
          backends: [{ address: 'localhost:80' }, { address: '10.0.0.1:80', weight: 1_001 }],
        },
      }),
    );
    assert.equal(error.code, 'INVALID_ARGUMENT');
    assert.deepEqual(fieldsOf(error).sort(), [
      'pools[Web].backends[10.0.0.1:80].weight',
      'pools[Web].backends[localhost:80].address',
      'pools[Web].name',
      'pools[Web].policy',
    ]);
  });

  it('with every missing field of an empty request', async (context) => {
    const { call } = await runControlPlane(context);
    const empty = async (asked: Promise<unknown>) => {
      const error = await refused(asked);
      assert.equal(error.code, 'INVALID_ARGUMENT');
      return fieldsOf(error);
    };
    assert.deepEqual(await empty(call('pools', 'CreatePool', {})), ['pool']);
    assert.deepEqual(await empty(call('pools', 'UpdatePool', { pool: {} })), ['pool.name']);
    assert.deepEqual(await empty(call('pools', 'GetPool', {})), ['name']);
    assert.deepEqual(await empty(call('pools', 'DeletePool', {})), ['name']);
    assert.deepEqual(await empty(call('pools', 'AddBackends', {})), ['pool', 'backends']);
    assert.deepEqual(await empty(call('pools', 'RemoveBackends', {})), ['pool', 'addresses']);
    assert.deepEqual(await empty(call('pools', 'UpdateBackend', { backend: {} })), [
      'pool',
      'backend.address',
    ]);
    assert.deepEqual(await empty(call('policies', 'CreatePolicy', {})), ['policy']);
    assert.deepEqual(await empty(call('policies', 'UpdatePolicy', {})), ['policy']);
    assert.deepEqual(await empty(call('listeners', 'CreateListener', {})), ['listener']);
    assert.deepEqual(await empty(call('listeners', 'UpdateListener', { listener: {} })), ['listener.name']);
    assert.deepEqual(await empty(call('fleet', 'DeleteProxy', {})), ['proxy_id']);
    assert.deepEqual(await empty(call('config', 'Apply', { resources: [{}, { pool: {} }] })), [
      'resources[0]',
      'resources[1].pool.name',
    ]);
  });

  it('when author, message or request_id are too long, all of them named', async (context) => {
    const { call } = await runControlPlane(context);
    const fields = { author: 'a'.repeat(201), message: 'm'.repeat(1_001), requestId: 'r'.repeat(65) };
    const error = await refused(call('pools', 'CreatePool', { pool: { name: 'web' }, ...fields }));
    assert.deepEqual(fieldsOf(error), ['request_id', 'author', 'message']);
  });

  it('when it is not there, with the name that may have been meant', async (context) => {
    const plane = await runControlPlane(context);
    await web(plane);
    const error = await refused(plane.call('pools', 'GetPool', { name: 'wed' }));
    assert.equal(error.code, 'NOT_FOUND');
    assert.match(error.message, /no pool "wed" \(did you mean "web"\?\)/);
  });

  it('when it is there already, still used, or changed by somebody else', async (context) => {
    const plane = await runControlPlane(context);
    await web(plane);
    const { call } = plane;
    assert.equal((await refused(web(plane))).code, 'ALREADY_EXISTS');
    await call('listeners', 'CreateListener', {
      listener: { name: 'l', address: '0.0.0.0:80', pool: 'web' },
    });
    assert.equal((await refused(call('pools', 'DeletePool', { name: 'web' }))).code, 'FAILED_PRECONDITION');
    const stale = call('listeners', 'DeleteListener', { name: 'l', revision: '1' });
    assert.equal((await refused(stale)).code, 'ABORTED');
    const staleBackend = { address: '10.0.0.1:80', weight: 3, revision: '99' };
    assert.equal(
      (await refused(call('pools', 'UpdateBackend', { pool: 'web', backend: staleBackend }))).code,
      'ABORTED',
    );
    const staleApply = call('config', 'Apply', { resources: [], prune: true, expectedRevision: '1' });
    assert.equal((await refused(staleApply)).code, 'ABORTED');
    const first = call('config', 'Apply', { resources: [], expectedRevision: '0' });
    assert.equal((await refused(first)).code, 'ABORTED');
  });
});

describe('a changing request', () => {
  it('changes nothing when it is a dry run, and says what it would', async (context) => {
    const { call } = await runControlPlane(context);
    const { response } = await call('pools', 'CreatePool', { pool: WEB, dryRun: true });
    assert.equal(response.dryRun, true);
    assert.equal(response.changes.length, 3);
    assert.deepEqual((await call('pools', 'ListPools', {})).response.pools, []);
  });

  it('has its first outcome again when it is repeated, at any replica', async (context) => {
    const store = new MemoryStore();
    const first = await runControlPlane(context, { store });
    const second = await runControlPlane(context, { store: new MemoryStore(store.log) });
    const request = { pool: WEB, requestId: 'one', author: 'me' };
    const made = await first.call('pools', 'CreatePool', request);
    assert.equal(made.response.repeatedRequest, false);
    for (const replica of [first, second]) {
      const { response } = await replica.call('pools', 'CreatePool', request);
      assert.equal(response.revision, '1');
      assert.equal(response.repeatedRequest, true);
    }
    assert.equal(store.log.commits.length, 1);
  });

  it('is refused when its request_id was used for something else', async (context) => {
    const { call } = await runControlPlane(context);
    await call('pools', 'CreatePool', { pool: WEB, requestId: 'one' });
    const error = await refused(call('pools', 'CreatePool', { pool: { name: 'other' }, requestId: 'one' }));
    assert.equal(error.code, 'INVALID_ARGUMENT');
  });

  it('gets a request_id of its own when it has none', async (context) => {
    const { call } = await runControlPlane(context);
    await call('pools', 'CreatePool', { pool: { name: 'a' } });
    await call('pools', 'CreatePool', { pool: { name: 'b' } });
    const { revisions } = (await call('config', 'ListRevisions', {})).response;
    assert.equal(new Set(revisions.map(({ requestId }) => requestId)).size, 2);
  });
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
    const error = await refused(plane.call('pools', 'DeletePool', { name: 'web' }));
    assert.equal(error.code, 'UNAVAILABLE');
    store.away = false;
    assert.equal((await plane.call('pools', 'GetPool', { name: 'web' })).stale, false);
    assert.equal(store.log.commits.length, 1);
  });

  it('a replica that never read it answers UNAVAILABLE, and gets ready when it comes', async (context) => {
    const store = new MemoryStore();
    store.away = true;
    const plane = await runControlPlane(context, { store, ready: false });
    assert.equal((await refused(plane.call('pools', 'ListPools', {}))).code, 'UNAVAILABLE');
    assert.equal((await refused(web(plane))).code, 'UNAVAILABLE');
    store.away = false;
    await web(plane);
    assert.equal((await plane.call('pools', 'ListPools', {})).response.pools.length, 1);
  });

  it('an append whose answer is lost is found in the log, once', async (context) => {
    const store = new MemoryStore();
    const plane = await runControlPlane(context, { store });
    store.nextFault = () => 'lost-reply';
    const request = { pool: WEB, requestId: 'one' };
    const { response } = await plane.call('pools', 'CreatePool', request);
    assert.equal(response.revision, '1');
    assert.equal(store.log.commits.length, 1);
  });
});
