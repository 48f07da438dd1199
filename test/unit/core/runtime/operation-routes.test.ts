import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../../../core/runtime/clock.ts';
import { silentLogger } from '../../../../core/runtime/logger.ts';
import { HttpServer } from '../../../../core/runtime/http-server.ts';
import { operationRoutes } from '../../../../core/runtime/operation-routes.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

describe('what every program serves to operators', () => {
  let reasons: readonly string[] = [];
  let fails = false;
  const metrics = {
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    render: () => (fails ? Promise.reject(new Error('broken')) : Promise.resolve('x 1\n')),
  };
  const createServer = () =>
    new HttpServer({
      routes: operationRoutes(metrics, () => reasons, systemClock),
      what: 'the admin address',
      flag: '--admin-address',
      maxConnections: 8,
      logger: silentLogger,
    });
  const server = createServer();
  let base = '';
  before(async () => {
    base = `http://${await server.listen(LOOPBACK)}`;
  });
  after(() => server.close());

  it('serves the metrics', async () => {
    const response = await fetch(`${base}/metrics`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), metrics.contentType);
    assert.equal(await response.text(), 'x 1\n');
  });

  it('says that the process lives, whatever else', async () => {
    reasons = ['no snapshot'];
    const response = await fetch(`${base}/healthz`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { status: 'ok' });
  });

  it('is ready without reasons against it, and names them otherwise', async () => {
    reasons = ['a', 'b'];
    const not = await fetch(`${base}/readyz`);
    assert.equal(not.status, 503);
    assert.deepEqual(await not.json(), { status: 'not ready', reasons: ['a', 'b'] });
    reasons = [];
    assert.equal((await fetch(`${base}/readyz?verbose`)).status, 200);
  });

  it('names what there is instead of what there is not', async () => {
    for (const path of ['/', '/metrics/x', '/constructor']) {
      const response = await fetch(base + path);
      assert.equal(response.status, 404);
      assert.match(await response.text(), /\/metrics, \/healthz, \/readyz/);
    }
  });

  it('only answers questions', async () => {
    const response = await fetch(`${base}/metrics`, { method: 'POST', body: 'x' });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('allow'), 'GET, HEAD');
    const head = await fetch(`${base}/healthz`, { method: 'HEAD' });
    assert.equal(head.status, 200);
    assert.equal(await head.text(), '');
  });

  it('survives a failure of its own', async () => {
    fails = true;
    assert.equal((await fetch(`${base}/metrics`)).status, 500);
    fails = false;
    assert.equal((await fetch(`${base}/metrics`)).status, 200);
  });

  it('says whose address is taken, and which flag names another', async () => {
    const port = Number(new URL(base).port);
    await assert.rejects(
      createServer().listen({ ...LOOPBACK, port }),
      new RegExp(`127\\.0\\.0\\.1:${port} can't be used: .*EADDRINUSE.*--admin-address`),
    );
  });
});

describe('the metrics', () => {
  /** A rendering that takes `ms`, and how often it was made. */
  function renderings(ms: number) {
    const clock = new FakeClock();
    const done: (() => void)[] = [];
    const render = () => {
      const text = `rendering ${done.length}\n`;
      return new Promise<string>((resolve) =>
        done.push(() => {
          clock.advance(ms);
          resolve(text);
        }),
      );
    };
    const ask = operationRoutes({ contentType: 'x', render }, () => [], clock)[
      '/metrics'
    ] as unknown as () => Promise<{
      body: Buffer;
    }>;
    return { clock, done, ask: async () => (await ask()).body.toString().trim() };
  }
  const turn = async () => {
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve));
  };

  it('are rendered once for all who asked before, and again for those who asked later', async () => {
    const { done, ask } = renderings(0);
    const early = [ask(), ask()];
    await turn();
    const late = [ask(), ask(), ask()];
    await turn();
    assert.equal(done.length, 1);
    done[0]?.();
    assert.deepEqual(await Promise.all(early), ['rendering 0', 'rendering 0']);
    await turn();
    assert.equal(done.length, 2);
    done[1]?.();
    assert.deepEqual(new Set(await Promise.all(late)), new Set(['rendering 1']));
  });

  it('are rendered for a fifth of the time at most', async () => {
    const { clock, done, ask } = renderings(100);
    const first = ask();
    await turn();
    done[0]?.();
    await first;
    const second = ask();
    await turn();
    clock.advance(399);
    await turn();
    assert.equal(done.length, 1);
    clock.advance(1);
    await turn();
    assert.equal(done.length, 2);
    done[1]?.();
    assert.equal(await second, 'rendering 1');
  });
});
