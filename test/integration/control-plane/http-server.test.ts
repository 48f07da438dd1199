/** The HTTP server of every program, when an answer fails and when a client goes. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { HttpServer, json, type Routes } from '../../../core/runtime/http-server.ts';
import { collectingLogger } from '../../../harness/collecting-logger.ts';

const DEFECT = 'error the answer to a request failed: this is a defect';

async function serve(t: TestContext, routes: Routes) {
  const { logger, said } = collectingLogger();
  const server = new HttpServer({
    routes,
    what: 'the address',
    flag: '--address',
    maxConnections: 10,
    logger,
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  t.after(() => server.close());
  return { address, said, get: (path: string) => fetch(`http://${address}${path}`) };
}

const well = () => json(200, {});
const fail = () => {
  throw new TypeError('broken');
};

describe('an answer that fails', () => {
  it('is said, and ends nothing else', async (t) => {
    const { get, said } = await serve(t, { '/fails': fail, '/later': async () => fail(), '/well': well });
    for (const path of ['/fails', '/later']) assert.equal((await get(path)).status, 500, path);
    assert.deepEqual(said, [DEFECT, DEFECT]);
    assert.equal((await get('/well')).status, 200);
  });

  it('is cut off when it has begun', async (t) => {
    const { get, said } = await serve(t, { '/events': () => ({ events: fail }), '/well': well });
    const begun = get('/events').then((answer) => answer.text());
    await assert.rejects(begun);
    assert.deepEqual(said, [DEFECT]);
    assert.equal((await get('/well')).status, 200);
  });
});

describe('a client that goes before it has sent everything', () => {
  it('is no defect, and its request is not answered', async (t) => {
    let asked = 0;
    const post = () => {
      asked += 1;
      return json(200, {});
    };
    const { address, get, said } = await serve(t, { '/change': { post }, '/well': well });
    const [host = '', port] = address.split(':');
    const socket = connect(Number(port), host);
    socket.write(
      `POST /change HTTP/1.1\r\nHost: ${address}\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n`,
    );
    // The server asks for the body, so it waits for it by now.
    await new Promise((resolve) => socket.once('data', resolve));
    socket.write('{');
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.resetAndDestroy();
    });
    assert.equal((await get('/well')).status, 200);
    assert.deepEqual([asked, said], [0, []]);
  });
});
