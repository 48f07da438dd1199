/** Reports on their way up, and what tools see of the fleet: proxies, backends and WatchStats. Over real gRPC. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchStatsRequest } from '../../../core/wire/generated/lb/v1/WatchStatsRequest.ts';
import { timestampFromWire } from '../../../core/wire/timestamp-codec.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { MemoryStore } from '../../../harness/store/memory-store.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { ServerStream } from '../../../harness/control-plane/server-stream.ts';
import { TestProxy, TestReporter } from '../../../harness/control-plane/test-proxy.ts';

const watch = ({ client }: TestControlPlane, request: WatchStatsRequest = {}) =>
  new ServerStream(client.fleet.watchStats(request));

const createPool = ({ call }: TestControlPlane) =>
  call('pools', 'CreatePool', { pool: { name: 'web', backends: [{ address: '10.1.0.1:80' }] } });

describe('WatchEvents', () => {
  it('streams what is kept and then what happens, to a caller who follows', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane);
    const stream = new ServerStream(plane.client.fleet.watchEvents({ follow: true }));
    const first = await stream.next();
    assert.deepEqual(
      first.events.map(({ kind, revision, text }) => [kind, revision, text]),
      [['KIND_COMMIT', '1', 'revision 1: created pool web and created backend web/10.1.0.1:80']],
    );
    assert.ok(first.keptSince);
    const proxy = await TestProxy.running(plane.client, 'p', 1);
    const reporter = TestReporter.of(plane.client, 'p', proxy.runs);
    assert.deepEqual(
      (await stream.next()).events.map(({ kind, proxyId }) => [kind, proxyId]),
      [['KIND_PROXY_CONNECTED', 'p']],
    );
    reporter.cancel();
    assert.equal((await stream.next()).events[0]?.kind, 'KIND_PROXY_LOST');
    const kept = new ServerStream(plane.client.fleet.watchEvents({ history: { seconds: '60' } }));
    assert.equal((await kept.next()).events.length, 3);
    const refused = new ServerStream(plane.client.fleet.watchEvents({ history: { seconds: '-1' } }));
    assert.match((await refused.error()).message, /history: is negative/);
  });
});

describe('reports', () => {
  it('make the fleet that tools see', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane);
    const proxy = await TestProxy.running(plane.client, 'p', 1);
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

  it('are answered with where the replica stands, at once, after each change, and when its store is away', async (context) => {
    const store = new MemoryStore();
    const plane = await runControlPlane(context, { store });
    const reporter = TestReporter.of(plane.client, 'p', null);
    assert.equal((await reporter.incoming.next()).position?.revision, '0');
    await createPool(plane);
    const after = await reporter.incoming.next();
    assert.deepEqual([after.position?.revision, after.stopping], ['1', false]);
    store.away = true;
    while (Number((await reporter.incoming.next()).storeAgeMs) < 2_500);
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

describe('WatchStats', () => {
  it('sends a frame at once, then one a second, with what proxies report', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane);
    const stream = watch(plane);
    const first = await stream.next();
    assert.deepEqual(
      first.backends.map(({ backend, proxiesHealthy }) => [backend?.pool, backend?.address, proxiesHealthy]),
      [['web', '10.1.0.1:80', 0]],
    );
    const reporter = TestReporter.of(plane.client, 'p', null);
    reporter.send({
      backends: [
        { backend: { pool: 'web', address: '10.1.0.1:80' }, health: 'HEALTH_HEALTHY', connectionsActive: 4 },
      ],
    });
    for (;;) {
      const frame = await stream.next();
      if (frame.backends[0]?.traffic?.connectionsActive !== 4) continue;
      assert.equal(frame.backends[0].proxiesHealthy, 1);
      assert.deepEqual([frame.pools[0]?.backends, frame.pools[0]?.backendsUp], [1, 1]);
      assert.equal(frame.proxies[0]?.proxyId, 'p');
      break;
    }
    reporter.cancel();
  });

  it('sends the past first, oldest first', async (context) => {
    const clock = new FakeClock(Date.now());
    const plane = await runControlPlane(context, { clock, ready: false });
    await eventually(
      async () => (clock.advance(1_000), clock.nowMs() > 30_000 || undefined),
      'half a minute',
    );
    const stream = watch(plane, { history: { seconds: 60 } });
    const times: number[] = [];
    for (let index = 0; index < 6; index += 1) times.push(timestampFromWire((await stream.next()).time!));
    assert.deepEqual(
      times.slice(1).map((time, index) => time - times[index]!),
      [5_000, 5_000, 5_000, 5_000, 5_000],
    );
    const now = await stream.next();
    assert.ok(timestampFromWire(now.time!) >= times.at(-1)!);
  });

  it('refuses a request with all of its errors', async (context) => {
    const plane = await runControlPlane(context);
    const wrong = { interval: { nanos: 5_000_000 }, history: { seconds: 901 }, maxBackends: 10_001 };
    const error = await watch(plane, wrong).error();
    assert.equal(error.code, 'INVALID_ARGUMENT');
    assert.deepEqual(
      error.violations.map(({ field, description }) => `${field} ${description}`),
      [
        'interval is 5ms; 1s to 1m are allowed',
        'history is 15m1s; 0s to 15m are allowed',
        'max_backends is 10001; at most 10000 are allowed',
      ],
    );
  });

  it('refuses a pool that is not there, and names the nearest', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane);
    const error = await watch(plane, { pool: 'wed' }).error();
    assert.equal(error.code, 'NOT_FOUND');
    assert.match(error.message, /did you mean "web"/);
  });

  it('takes a hundred callers, refuses one more, and has room again when one has gone', async (context) => {
    const plane = await runControlPlane(context);
    const calls = Array.from({ length: 100 }, () => plane.client.fleet.watchStats({}));
    const streams = calls.map((call) => new ServerStream(call));
    await Promise.all(streams.map((stream) => stream.next()));
    const error = await watch(plane).error();
    assert.equal(error.code, 'RESOURCE_EXHAUSTED');
    calls[0]!.cancel();
    await eventually(async () => {
      const again = watch(plane);
      return again.next().then(
        () => true,
        () => undefined,
      );
    }, 'room for one more');
  });
});
