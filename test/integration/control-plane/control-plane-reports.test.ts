/** Reports on their way up, and the fleet that tools see. Over real gRPC. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../../harness/programs/processes.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { TestProxy, TestReporter } from '../../../harness/control-plane/test-proxy.ts';

const createPool = ({ call }: TestControlPlane) =>
  call('pools', 'CreatePool', { pool: { name: 'web', backends: [{ address: '10.1.0.1:80' }] } });

describe('reports', () => {
  it('make the fleet that tools see', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane);
    const proxy = new TestProxy(plane.client, 'p');
    proxy.subscribe();
    await proxy.reach(1);
    const reporter = TestReporter.of(plane.client, 'p', proxy.runs);
    reporter.send({
      backends: [
        {
          backend: { pool: 'web', address: '10.1.0.1:80' },
          health: 'HEALTH_UNHEALTHY',
          reason: 'connection refused',
          connectionsActive: 4,
        },
      ],
      listeners: [{ listener: 'web', connectionsActive: 6, connectionsTotal: '60' }],
      workers: [{ index: 0, connectionsActive: 6, restarts: 1 }],
    });
    const { statuses } = await eventually(async () => {
      const { response } = await plane.call('fleet', 'ListBackendStatus', { pool: 'web' });
      return response.statuses.length > 0 ? response : undefined;
    }, 'the status of a backend');
    assert.deepEqual(
      statuses.map(({ proxyId, revision, report }) => [
        proxyId,
        revision,
        report?.reason,
        report?.connectionsActive,
      ]),
      [['p', '1', 'connection refused', 4]],
    );
    const [seen] = (await plane.call('fleet', 'ListProxies', {})).response.proxies;
    assert.deepEqual(
      [seen?.connected, seen?.connectionsActive, seen?.currentRevision, seen?.applied?.position?.revision],
      [true, 6, '1', '1'],
    );
    await assert.rejects(plane.call('fleet', 'ListBackendStatus', { pool: 'wed' }), { code: 'NOT_FOUND' });
    await assert.rejects(plane.call('fleet', 'DeleteProxy', { proxyId: 'p' }), {
      code: 'FAILED_PRECONDITION',
    });
    reporter.cancel();
    await eventually(
      async () =>
        await plane.call('fleet', 'DeleteProxy', { proxyId: 'p' }).then(
          () => true,
          () => undefined,
        ),
      'the proxy can be deleted once it is away',
    );
    assert.deepEqual((await plane.call('fleet', 'ListProxies', {})).response.proxies, []);
  });

  it('are answered with where the replica stands, at once and after each change', async (context) => {
    const plane = await runControlPlane(context);
    const reporter = TestReporter.of(plane.client, 'p', null);
    assert.equal((await reporter.incoming.next()).position?.revision, '0');
    await createPool(plane);
    const after = await reporter.incoming.next();
    assert.deepEqual([after.position?.revision, after.stopping], ['1', false]);
  });

  it('of a proxy that stops take it off the roster', async (context) => {
    const plane = await runControlPlane(context);
    const reporter = TestReporter.of(plane.client, 'p', null);
    await reporter.incoming.next();
    reporter.send({ stopping: true });
    reporter.end();
    assert.equal(await reporter.incoming.end(), 'in order');
    assert.deepEqual((await plane.call('fleet', 'ListProxies', {})).response.proxies, []);
  });

  it('of a second process with the same id end those of the first, in words', async (context) => {
    const plane = await runControlPlane(context);
    const first = TestReporter.of(plane.client, 'p', null, 'first');
    await first.incoming.next();
    await eventually(
      async () => (await plane.call('fleet', 'ListProxies', {})).response.proxies[0],
      'the first is on the roster',
    );
    TestReporter.of(plane.client, 'p', null, 'second');
    const error = await first.incoming.error();
    assert.equal(error.code, 'ALREADY_EXISTS');
    assert.match(error.message, /its own --proxy-id/);
  });

  it('without a name, or with one twice, are refused', async (context) => {
    const { client } = await runControlPlane(context);
    const nameless = new TestReporter(client, { backends: [] });
    assert.match((await nameless.incoming.error()).message, /proxy\.id and proxy\.instance_id/);
    const twice = TestReporter.of(client, 'p', null);
    twice.send({ proxy: { id: 'p', instanceId: 'p-1' } });
    assert.match((await twice.incoming.error()).message, /first message only/);
  });
});
