/** What the engine promises of TLS beside the bytes: ends that nobody may forge, and nothing left of what was broken off. */
import assert from 'node:assert/strict';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { connectedPair, EngineRig, withBackend } from '../../../harness/engine/engine-rig.ts';
import { ask, either, readAll, TcpServer, until, within } from '../../../harness/engine/tcp.ts';
import { ownPair, secureServer } from '../../../harness/engine/tls-sockets.ts';
import { byRunLength } from '../../../harness/run-length.ts';

const ENGINE = 'epoll with TLS';
const STEP = byRunLength(7, 1);

/** Passes bytes on between a client and a port; of what `from` sends, no more than `most` bytes. */
class Cutter {
  readonly #server: Server;
  readonly #sockets: Socket[] = [];
  most = Number.POSITIVE_INFINITY;
  how: 'end' | 'reset' = 'end';
  /** How much `from` has sent. */
  passed = 0;

  private constructor(target: () => number, from: 'client' | 'server') {
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      const server = connect({ port: target(), host: '127.0.0.1', allowHalfOpen: true });
      for (const socket of [client, server]) {
        socket.on('error', () => {});
        this.#sockets.push(socket);
      }
      const [cut, other] = from === 'client' ? [client, server] : [server, client];
      let left = this.most;
      this.passed = 0;
      const finish = () => (this.how === 'end' ? other.end() : other.resetAndDestroy());
      if (left === 0) finish();
      cut.on('data', (chunk: Buffer) => {
        this.passed += chunk.length;
        if (left > 0) other.write(chunk.subarray(0, left));
        left -= chunk.length;
        if (left <= 0) finish();
      });
      cut.on('end', () => other.end());
      other.pipe(cut);
    });
  }

  static async start(target: () => number, from: 'client' | 'server'): Promise<Cutter> {
    const cutter = new Cutter(target, from);
    cutter.#server.listen(0, '127.0.0.1');
    await once(cutter.#server, 'listening');
    return cutter;
  }

  get port(): number {
    const address = this.#server.address();
    return address !== null && typeof address === 'object' ? address.port : assert.fail('no port');
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }
}

function dialTls(port: number, ALPNProtocols: string[] = []): TLSSocket {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols });
  socket.on('error', () => {});
  return socket;
}

describe('TLS that is cut off', () => {
  for (const cut of ['client', 'backend'] as const) {
    it(`takes an end of TCP without close_notify for a reset of the ${cut}`, async () => {
      await connectedPair(ENGINE, {}, async ({ rig, client, backend }) => {
        const [forger, other] = cut === 'client' ? [client, backend] : [backend, client];
        const received = readAll(other);
        forger.write('half of it');
        await until('the bytes to arrive', () => other.bytesRead > 0);
        // Below TLS, where anybody on the way may end it.
        const { _parent: below } = forger as unknown as { readonly _parent: Socket };
        below.end();
        assert.equal((await within('the reset', received)).how, 'ECONNRESET');
        assert.deepEqual(await rig.closed(), [`${cut}_reset`]);
      });
    });
  }

  for (const from of ['client', 'server'] as const) {
    it(`has nothing left of a handshake that the ${from} breaks off at any byte`, async () => {
      const backend = await TcpServer.start((socket) => {
        void secureServer(socket).then(
          (secured) => {
            secured.on('data', (chunk) => secured.write(`echo:${String(chunk)}`)).resume();
            secured.on('end', () => secured.end());
          },
          () => {},
        );
      });
      const ports = { engine: 0 };
      const cutter = await Cutter.start(() => (from === 'client' ? ports.engine : backend.port), from);
      const rows = [{ host: '127.0.0.1', port: from === 'client' ? backend.port : cutter.port }];
      const cleanups = [() => backend.stop(), () => cutter.stop()];
      await EngineRig.run(ENGINE, { rows, attempts: [0] }, cleanups, async (rig) => {
        ports.engine = rig.port;
        const port = from === 'client' ? cutter.port : rig.port;
        const whole = dialTls(port);
        await within('the handshake', once(whole, 'secureConnect'));
        assert.equal(await ask(whole, 'whole'), 'echo:whole');
        const bytes = cutter.passed;
        assert.ok(bytes > 300, `${bytes} bytes are a handshake`);
        whole.destroy();
        await rig.closed(1);
        let closed = 1;
        for (const how of ['end', 'reset'] as const) {
          cutter.how = how;
          for (cutter.most = 0; cutter.most < bytes - 60; cutter.most += STEP) {
            const client = dialTls(port);
            const over = either(client, 'close');
            closed += 1;
            await rig.closed(closed);
            client.destroy();
            await over;
          }
        }
        const report = await rig.report();
        assert.deepEqual([report.connections, report.secured], [0, 0]);
        cutter.most = Number.POSITIVE_INFINITY;
        const last = dialTls(port);
        await within('the last handshake', once(last, 'secureConnect'));
        assert.equal(await ask(last, 'last'), 'echo:last');
        last.destroy();
      });
    });
  }
});

describe('TLS with many clients', () => {
  it('chooses a protocol in each of many handshakes at once', async () => {
    const count = byRunLength(300, 5_000);
    await withBackend(
      ENGINE,
      { tls: { ...ownPair(), alpn: ['h2', 'http/1.1'] } },
      (socket) => {
        socket.on('data', (chunk) => socket.write(chunk)).resume();
        socket.on('end', () => socket.end());
      },
      async (rig) => {
        const one = async (index: number): Promise<void> => {
          const socket = dialTls(rig.port, ['http/1.1']);
          await within(`handshake ${index}`, once(socket, 'secureConnect'));
          assert.equal(socket.alpnProtocol, 'http/1.1');
          assert.equal(await ask(socket, `hello ${index}`), `hello ${index}`);
          socket.end();
          await either(socket, 'close');
        };
        for (let index = 0; index < count; index += 50)
          await Promise.all(Array.from({ length: 50 }, (_, each) => one(index + each)));
        await rig.closed(count);
        assert.equal((await rig.report()).secured, 0);
      },
    );
  });
});
