/** FleetService.WatchStats, over real gRPC. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { WatchStatsRequest } from '../../../core/wire/generated/lb/v1/WatchStatsRequest.ts';
import { timestampFromWire } from '../../../core/wire/timestamp-codec.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { eventually } from '../../../harness/programs/processes.ts';
import { runControlPlane, type TestControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { ServerStream } from '../../../harness/control-plane/server-stream.ts';
import { TestReporter } from '../../../harness/control-plane/test-proxy.ts';

const watch = ({ client }: TestControlPlane, request: WatchStatsRequest = {}) =>
  new ServerStream(client.fleet.watchStats(request));

const createPool = ({ call }: TestControlPlane, name: string) =>
  call('pools', 'CreatePool', { pool: { name, backends: [{ address: '10.1.0.1:80' }] } });

describe('WatchStats', () => {
  it('sends a frame at once, then one a second, with what proxies report', async (context) => {
    const plane = await runControlPlane(context);
    await createPool(plane, 'web');
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
    await createPool(plane, 'web');
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
