/** The HTTP server of every program: when an answer fails, when a client goes, and when clients hold all the connections that it takes. */
import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../../../core/runtime/clock.ts';
import { HttpServer, json, type Routes } from '../../../core/runtime/http-server.ts';
import { operationRoutes } from '../../../core/runtime/operation-routes.ts';
import { collectingLogger } from '../../../harness/collecting-logger.ts';

const PLACES = 64;
const ASK = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
/** The server asks for the body, so it waits for it by then. */
const HALF_A_CHANGE = 'POST /change HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n';
/** More than the buffers of two sockets hold. */
const LARGE = Buffer.alloc(32 * 1_024 * 1_024, 'x');

async function serve(t: TestContext, more: Routes = {}, maxConnections = PLACES) {
  const { logger, said } = collectingLogger();
  const metrics = { contentType: 'text/plain', render: () => Promise.resolve('x 1\n') };
  const server = new HttpServer({
    routes: { ...operationRoutes(metrics, () => [], systemClock), ...more },
    what: 'the address',
    flag: '--address',
    maxConnections,
    logger,
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  const open: Socket[] = [];
  t.after(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  const [host = '', port] = address.split(':');
  return {
    said,
    url: `http://${address}`,
    client: () => {
      // The server may close any of them at any moment.
      const socket = connect(Number(port), host).on('error', () => undefined);
      open.push(socket);
      return socket;
    },
  };
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('connect', resolve));
}

/** Sends `text`. Resolves with the first bytes of what comes back, or with null when the connection ends first. */
function ask(socket: Socket, text: string): Promise<string | null> {
  return new Promise((resolve) => {
    socket.once('close', () => resolve(null));
    socket.once('data', (bytes) => resolve(bytes.toString()));
    socket.write(text);
  });
}

/** A new connection, as of a probe. Null: refused. */
function probe(url: string): Promise<number | null> {
  return new Promise((resolve) => {
    get(`${url}/healthz`, { agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? null);
    }).once('error', () => resolve(null));
  });
}

const many = <T>(make: () => T, count = PLACES) => Array.from({ length: count }, make);

const DEFECT = 'error the answer to a request failed: this is a defect';
const fail = () => {
  throw new TypeError('broken');
};

describe('an answer that fails', () => {
  it('is said, and ends nothing else', async (t) => {
    const { url, said } = await serve(t, { '/fails': fail, '/later': async () => fail() });
    for (const path of ['/fails', '/later']) assert.equal((await fetch(url + path)).status, 500, path);
    assert.deepEqual(said, [DEFECT, DEFECT]);
    assert.equal(await probe(url), 200);
  });

  it('is cut off when it has begun', async (t) => {
    const { url, said } = await serve(t, { '/events': () => ({ events: fail }) });
    await assert.rejects(fetch(`${url}/events`).then((answer) => answer.text()));
    assert.deepEqual(said, [DEFECT]);
    assert.equal(await probe(url), 200);
  });
});

it('a client that goes before it has sent everything is no defect, and its request is not answered', async (t) => {
  let asked = 0;
  const post = () => {
    asked += 1;
    return json(200, {});
  };
  const { url, client, said } = await serve(t, { '/change': { post } });
  const socket = client();
  await ask(socket, HALF_A_CHANGE);
  socket.write('{');
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.resetAndDestroy();
  });
  assert.equal(await probe(url), 200);
  assert.deepEqual([asked, said], [0, []]);
});

describe('a probe at a full server is answered', () => {
  it('though as many clients as it takes ask again and again, and come back when they are closed', async (t) => {
    const { url, client } = await serve(t);
    let clients = many(client);
    for (let round = 0; round < 5; round++) {
      clients = clients.map((socket) => (socket.destroyed ? client() : socket));
      const answers = await Promise.all(clients.map((socket) => ask(socket, ASK)));
      assert.ok(answers.every((answer) => answer === null || answer.startsWith('HTTP/1.1 200')));
      assert.equal(await probe(url), 200);
    }
  });

  for (const [what, words] of [
    ['they say nothing', ''],
    ['they stop in the middle of a request line', 'GET /hea'],
  ] as const) {
    it(`though ${what}`, async (t) => {
      const { url, client } = await serve(t);
      const clients = many(client);
      for (const socket of clients) socket.write(words);
      await Promise.all(clients.map(connected));
      for (let i = 0; i < 3; i++) assert.equal(await probe(url), 200);
    });
  }

  it('though they stop in the middle of a body', async (t) => {
    const { url, client } = await serve(t, { '/change': { post: () => json(200, {}) } });
    for (const answer of await Promise.all(many(client).map((socket) => ask(socket, HALF_A_CHANGE)))) {
      assert.match(answer ?? '', /^HTTP\/1\.1 100/);
    }
    for (let i = 0; i < 3; i++) assert.equal(await probe(url), 200);
  });

  it('though they do not read their answers', async (t) => {
    const large = () => ({ status: 200, contentType: 'text/plain', body: LARGE });
    // Few, since each fills the buffers of its sockets.
    const places = 8;
    const { url, client } = await serve(t, { '/large': large }, places);
    const asked = many(client, places).map((socket) => {
      const begun = ask(socket, 'GET /large HTTP/1.1\r\nHost: x\r\n\r\n');
      socket.once('data', () => socket.pause());
      return begun;
    });
    for (const answer of await Promise.all(asked)) assert.match(answer ?? '', /^HTTP\/1\.1 200/);
    for (let i = 0; i < 3; i++) assert.equal(await probe(url), 200);
  });
});

describe('a client that sends requests without waiting for answers', () => {
  it('has its metrics rendered once, loses its connection, and delays no probe', async (t) => {
    let rendered = 0;
    const render = async () => {
      rendered += 1;
      // As long as that of thousands of series takes.
      const untilMs = performance.now() + 20;
      while (performance.now() < untilMs);
      return 'x 1\n';
    };
    const routes = operationRoutes({ contentType: 'text/plain', render }, () => [], systemClock);
    const { url, client } = await serve(t, routes);
    const pipelined = 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000);
    for (let round = 1; round <= 10; round++) {
      const ends = many(client, 4).map(
        (socket) => new Promise((resolve) => socket.once('close', resolve).end(pipelined)),
      );
      assert.equal(await probe(url), 200);
      await Promise.all(ends);
      // Four answers at a time would be rendered for each of them otherwise.
      assert.ok(rendered <= round * 4, `${rendered} renderings`);
    }
  });

  it('keeps no probe out, though it waits for metrics on every connection', async (t) => {
    const never = { contentType: 'text/plain', render: () => new Promise<string>(() => undefined) };
    const { url, client } = await serve(
      t,
      operationRoutes(never, () => [], systemClock),
    );
    const clients = many(client);
    for (const socket of clients) socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2));
    await Promise.all(clients.map(connected));
    for (let i = 0; i < 5; i++) assert.equal(await probe(url), 200);
  });
});

describe('a full server', () => {
  it('closes no connection that it makes a change for: it refuses the new one', async (t) => {
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    let begun = 0;
    let allBegun: () => void = () => undefined;
    const busy = new Promise<void>((resolve) => (allBegun = resolve));
    const slow = async () => {
      begun += 1;
      if (begun === PLACES) allBegun();
      await released;
      return json(200, {});
    };
    const { url, client } = await serve(t, { '/slow': { post: slow } });
    const change = 'POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';
    const answers = many(client).map((socket) => ask(socket, change));
    await busy;
    assert.equal(await probe(url), null);
    release();
    for (const answer of await Promise.all(answers)) assert.match(answer ?? '', /^HTTP\/1\.1 200/);
    assert.equal(await probe(url), 200);
  });

  it('closes the connection that waited longest, and an event stream after all others', async (t) => {
    const { url, client } = await serve(t, { '/events': () => ({ events: () => undefined }) });
    const stream = client();
    assert.match((await ask(stream, 'GET /events HTTP/1.1\r\nHost: x\r\n\r\n')) ?? '', /event-stream/);
    const others = many(client).slice(1);
    for (const socket of others) await ask(socket, ASK);
    const closed = new Promise((resolve) => others[0]?.once('close', resolve));
    assert.equal(await probe(url), 200);
    await closed;
    assert.equal(stream.destroyed, false);
    assert.match((await ask(others[1] as Socket, ASK)) ?? '', /^HTTP\/1\.1 200/);
  });
});

describe('a connection that goes on asking', () => {
  it('is told to close after a hundred requests, so that nobody stays for ever', async (t) => {
    const { url } = await serve(t);
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => agent.destroy());
    const told: (string | undefined)[] = [];
    for (let i = 0; i < 101; i++) {
      told.push(
        await new Promise((resolve, reject) => {
          get(`${url}/healthz`, { agent }, (answer) => {
            answer.resume().once('end', () => resolve(answer.headers.connection));
          }).once('error', reject);
        }),
      );
    }
    assert.equal(told.indexOf('close'), 99);
    assert.equal(told[100], 'keep-alive');
  });
});
