/** What is read of clients before a backend is chosen: whatever they send, in whatever pieces, or do not send. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { buildHello, inRecords } from '../../../harness/client-hello.ts';
import { CONTRACT_GROUPS, type EngineRig, withBackend } from '../../../harness/engine/engine-rig.ts';
import { mirror, readAll, until, within } from '../../../harness/engine/tcp.ts';
import { READ_FIRST, WAIT } from '../../../data-plane/engine/engine.ts';
import { PeerAddress } from '../../../data-plane/engine/peer-address.ts';
import { SSL_REQUEST } from '../../../data-plane/first-bytes/ssl-request.ts';

/** Longer than any test. */
const LONG_MS = 600_000;
const HELLO = Buffer.from(inRecords(buildHello('a.example.com', ['h2'], 1_216).message, 100, 700));
const LINE = Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 4711 443\r\n');
const BINARY = Buffer.from('0d0a0d0a000d0a515549540a2111000cc0000201c0000202126701bb', 'hex');
/** A record and a hello in it that both say that they are as long as may be. */
const ENDLESS = Buffer.concat([Buffer.from('160301400001003ffc', 'hex'), Buffer.alloc(20_000)]);

const ANNOUNCED = (() => {
  const client = new PeerAddress();
  client.setText('192.0.2.1', 4_711);
  return client.hash();
})();

const hello = (timeoutMs = LONG_MS) => ({ proxyHeader: false, hello: true, timeoutMs });
const header = (timeoutMs = LONG_MS) => ({ proxyHeader: true, hello: false, timeoutMs });
const both = { proxyHeader: true, hello: true, timeoutMs: LONG_MS };
const attempts = [READ_FIRST, 0];

const said = (rig: EngineRig) => rig.of('read-first').map(({ what }) => what);

/** Sends bytes and an end, and gets back what the backend got of them. */
async function echoed(client: Socket, bytes: Uint8Array): Promise<string> {
  const received = readAll(client);
  client.end(bytes);
  const { text, how } = await within('the echo', received);
  assert.equal(how, 'end');
  return text;
}

for (const engine of CONTRACT_GROUPS.firstBytes)
  describe(`${engine}: the first bytes`, () => {
    it('of TLS are told once all have come, and reach the backend as they came', async () => {
      await withBackend(engine, { firstBytes: hello(), attempts }, mirror, async (rig) => {
        const client = await rig.client();
        const received = readAll(client);
        for (const byte of HELLO.subarray(0, -1)) {
          client.write(Uint8Array.of(byte));
          if (byte > 127) await rig.connections();
        }
        await rig.connections();
        assert.deepEqual(said(rig), []);
        client.end(Buffer.concat([HELLO.subarray(-1), Buffer.from('more')]));
        const { text } = await within('the echo', received);
        assert.equal(text, `${HELLO.toString('latin1')}more`);
        const told = rig.of('read-first').map(({ what, serverName, alpn }) => [what, serverName, alpn]);
        assert.deepEqual(told, [['hello', 'a.example.com', ['h2']]]);
      });
    });

    it('that are no TLS are told at the first one', async () => {
      await withBackend(engine, { firstBytes: hello(), attempts }, mirror, async (rig) => {
        assert.equal(await echoed(await rig.client(), Buffer.from('GET /')), 'GET /');
        assert.deepEqual(said(rig), ['not_tls']);
      });
    });

    it('that came together with the end, while the engine was busy, are read before it', async () => {
      await withBackend(engine, { firstBytes: both, attempts }, mirror, async (rig) => {
        const release = await rig.hold();
        const echo = echoed(await rig.client(), Buffer.concat([LINE, HELLO]));
        release();
        assert.equal(await echo, HELLO.toString('latin1'));
        assert.deepEqual(said(rig), ['proxy_header', 'hello']);
      });
    });

    it('that never come leave the client to a server that speaks first, or have it refused', async () => {
      const greet = (socket: Socket) => socket.end('220 ready');
      await withBackend(engine, { firstBytes: hello(20), attempts }, greet, async (rig) => {
        const { text } = await within('the greeting', readAll(await rig.client()));
        assert.equal(text, '220 ready');
      });
      await withBackend(engine, { firstBytes: hello(20), attempts: [READ_FIRST] }, greet, async (rig) => {
        const client = await rig.client();
        client.write(HELLO.subarray(0, 50));
        assert.equal((await within('the reset', readAll(client))).how, 'ECONNRESET');
        assert.deepEqual([said(rig), await rig.closed()], [['timeout'], ['no_backend']]);
      });
    });

    it('that come byte by byte have the time from the accept, and no more', async () => {
      await withBackend(engine, { firstBytes: hello(300), attempts: [READ_FIRST] }, mirror, async (rig) => {
        const client = await rig.client();
        client.setNoDelay(true);
        const received = readAll(client);
        let at = 0;
        const dribble = setInterval(() => void client.write(HELLO.subarray(at, (at += 1))), 20);
        assert.equal((await within('the reset', received)).how, 'ECONNRESET');
        clearInterval(dribble);
        assert.deepEqual(said(rig), ['timeout']);
      });
    });

    it('that came in time are read at the deadline, though a pause has hidden them', async () => {
      await withBackend(engine, { firstBytes: hello(200), attempts }, mirror, async (rig) => {
        const client = await rig.client();
        await rig.waitFor('accepted');
        const release = await rig.hold();
        const echo = echoed(client, HELLO);
        const heldMs = performance.now();
        await until('the deadline to pass', () => performance.now() - heldMs > 400);
        release();
        assert.equal(await echo, HELLO.toString('latin1'));
        assert.deepEqual(said(rig), ['hello']);
      });
    });

    for (const [what, first, expected] of [
      ['nothing', '', 'ended'],
      ['a piece of a hello', HELLO.subarray(0, 50), 'ended'],
      ['a piece of a request of PostgreSQL', SSL_REQUEST.subarray(0, 7), 'ended'],
      ['a hello without an end', ENDLESS, 'malformed'],
      ['two requests of PostgreSQL', Buffer.concat([SSL_REQUEST, SSL_REQUEST]), 'malformed'],
      ['a request of PostgreSQL and no TLS', Buffer.concat([SSL_REQUEST, Buffer.from('Q')]), 'malformed'],
    ] as const)
      it(`of a client that ends after ${what} are ${expected}, and it is reset`, async () => {
        await withBackend(engine, { firstBytes: hello(), attempts }, mirror, async (rig, backend) => {
          const client = await rig.client();
          const received = readAll(client);
          client.end(first);
          assert.equal((await within('the reset', received)).how, 'ECONNRESET');
          await rig.closed();
          assert.deepEqual([said(rig), backend.sockets.length], [[expected], 0]);
        });
      });

    it('are awaited of no client that has reset', async () => {
      await withBackend(engine, { firstBytes: hello(), attempts }, mirror, async (rig) => {
        for (const first of [HELLO.subarray(0, 50), SSL_REQUEST]) {
          const client = await rig.client();
          client.write(first);
          await rig.waitFor('accepted');
          client.resetAndDestroy();
        }
        assert.deepEqual(await rig.closed(2), ['client_reset', 'client_reset']);
        assert.deepEqual(said(rig), []);
      });
    });

    for (const [version, bytes] of [
      ['1', LINE],
      ['2', BINARY],
    ] as const)
      it(`of a balancer, in version ${version}, are taken to the byte wherever they are cut`, async () => {
        await withBackend(engine, { firstBytes: header(), attempts }, mirror, async (rig) => {
          for (let cut = 1; cut <= bytes.length; cut += 1) {
            const client = await rig.client();
            client.setNoDelay(true);
            await rig.waitFor('accepted', cut);
            client.write(bytes.subarray(0, cut));
            await rig.connections();
            const rest = Buffer.concat([bytes.subarray(cut), Buffer.from('payload')]);
            assert.equal(await echoed(client, rest), 'payload', `cut at ${cut}`);
          }
          const told = rig.of('read-first').filter(({ announced }) => announced === ANNOUNCED);
          assert.equal(told.length, bytes.length);
        });
      });

    it('after a header are read in the same way', async () => {
      await withBackend(engine, { firstBytes: both, attempts }, mirror, async (rig) => {
        const client = await rig.client();
        client.write(BINARY);
        await rig.waitFor('read-first');
        assert.equal(await echoed(client, HELLO), HELLO.toString('latin1'));
        assert.deepEqual(said(rig), ['proxy_header', 'hello']);
      });
    });

    it('of PostgreSQL are answered, and the backend is asked, too', async () => {
      const postgres = (socket: Socket) => {
        socket.once('data', (chunk) => {
          socket.write('S');
          socket.write(chunk.subarray(SSL_REQUEST.length));
          mirror(socket);
          assert.deepEqual(Uint8Array.from(chunk.subarray(0, SSL_REQUEST.length)), SSL_REQUEST);
        });
        socket.resume();
      };
      await withBackend(engine, { firstBytes: hello(), attempts }, postgres, async (rig) => {
        const client = await rig.client();
        // GSSAPI is what clients ask for first.
        for (const [request, answer] of [
          [SSL_REQUEST.with(7, 48), 'N'],
          [SSL_REQUEST, 'S'],
        ] as const) {
          client.write(request);
          const [chunk] = await within('an answer', once(client, 'data'));
          assert.equal(String(chunk), answer);
        }
        assert.equal(await echoed(client, HELLO), HELLO.toString('latin1'));
        assert.deepEqual(said(rig), ['hello']);
      });
    });

    it('stay in the kernel while their client waits for room, and while it is asked about again', async () => {
      const script = { firstBytes: hello(), attempts: [READ_FIRST, WAIT, WAIT, 0], retryDelayMs: 50 };
      await withBackend(engine, script, mirror, async (rig) => {
        const client = await rig.client();
        const [{ slot } = assert.fail()] = await rig.waitFor('accepted');
        // Nothing is tried yet that could be reconsidered.
        rig.send({ type: 'reconsider', slot });
        await rig.connections();
        const echo = echoed(client, HELLO);
        await rig.waitFor('read-first');
        rig.send({ type: 'reconsider', slot });
        assert.equal(await echo, HELLO.toString('latin1'));
        assert.equal(said(rig).length, 1);
      });
    });

    it('that lie there in pieces, of hundreds of clients, cost nothing until their time is over', async () => {
      const clients = 500;
      const script = { firstBytes: hello(3_000), attempts: [READ_FIRST] };
      await withBackend(engine, script, mirror, async (rig) => {
        const ends = Array.from({ length: clients }, async () => {
          const client = await rig.client();
          client.write(HELLO.subarray(0, 600));
          return (await readAll(client)).how;
        });
        await rig.waitFor('accepted', clients);
        const [beganMs, before] = [performance.now(), process.cpuUsage()];
        await rig.waitFor('read-first', 1);
        const { user, system } = process.cpuUsage(before);
        // A loop that does not wait takes all of the time that there is.
        assert.ok((user + system) / 1_000 < 0.7 * (performance.now() - beganMs) + 500);
        await rig.closed(clients);
        assert.deepEqual(new Set(await Promise.all(ends)), new Set(['ECONNRESET']));
      });
    });
  });
