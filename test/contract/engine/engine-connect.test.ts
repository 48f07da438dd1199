/** What every engine promises of the time before a backend is connected. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { freePort } from '../../../harness/free-port.ts';
import { sourceHash } from '../../../core/model/source-hash.ts';
import type { EngineName, Script } from '../../../harness/engine/engine-host.ts';
import { CONTRACT_GROUPS, EngineRig } from '../../../harness/engine/engine-rig.ts';
import { silentServer } from '../../../harness/engine/silent-server.ts';
import { ask, dial, readAll, startEcho, type TcpServer, until, within } from '../../../harness/engine/tcp.ts';

const { ECANCELED, ECONNREFUSED } = constants.errno;
const LOCAL = '127.0.0.1';

/** An engine whose rows are, in this order: a port that refuses, one where connects hang, an echo server. */
async function withRows(
  engine: EngineName,
  script: Partial<Script>,
  test: (rig: EngineRig, echo: TcpServer) => Promise<void>,
): Promise<void> {
  const echo = await startEcho('echo');
  const silent = await silentServer();
  const rows = [await freePort(), silent.port, echo.port].map((port) => ({ host: LOCAL, port }));
  const cleanups = [() => echo.stop(), () => silent.close()];
  await EngineRig.run(engine, { rows, ...script }, cleanups, (rig) => test(rig, echo));
}
const [REFUSES, HANGS, ECHOES] = [0, 1, 2];

function failures(rig: EngineRig): number[] {
  return rig.of('failed').map(({ errno }) => errno);
}

function connectContract(engine: EngineName): void {
  describe(`${engine}: connecting`, () => {
    it('tries the next row after a refused connect, and keeps what the client said meanwhile', async () => {
      await withRows(engine, { attempts: [REFUSES, REFUSES, ECHOES] }, async (rig) => {
        assert.equal(await ask(await rig.client(), 'early'), 'echo:early');
        assert.deepEqual(failures(rig), [ECONNREFUSED, ECONNREFUSED]);
      });
    });

    for (const [what, attempts, reason] of [
      ['there is no backend', [], 'no_backend'],
      ['all connects are refused', [REFUSES, REFUSES], 'connect_failed'],
    ] as const) {
      it(`resets the client when ${what}`, async () => {
        await withRows(engine, { attempts }, async (rig) => {
          assert.equal(await rig.refusedClient(), 'ECONNRESET');
          assert.deepEqual(await rig.closed(), [reason]);
          assert.deepEqual([rig.of('failed').length, rig.of('established').length], [attempts.length, 0]);
        });
      });
    }

    it('waits the retry delay before the next attempt, and keeps what the client said and its end', async () => {
      await withRows(engine, { attempts: [REFUSES, ECHOES], retryDelayMs: 200 }, async (rig) => {
        const client = await rig.client();
        client.end('said and gone');
        const received = readAll(client);
        assert.equal((await rig.waitFor('failed')).length, 1);
        assert.equal(rig.of('established').length, 0, 'the delay has only begun');
        const { text, how } = await within('the echo', received);
        assert.deepEqual([text, how], ['echo:said and gone', 'end']);
        assert.deepEqual(await rig.closed(), ['completed']);
      });
    });

    it('survives a client that resets while it is connecting, or waiting to', async () => {
      const timeouts = { connectMs: 150, idleMs: 0, halfClosedMs: 0, lifetimeMs: 0 };
      await withRows(
        engine,
        { attempts: [HANGS, REFUSES, ECHOES], timeouts, retryDelayMs: 50 },
        async (rig, echo) => {
          const client = await rig.client();
          await rig.waitFor('accepted');
          client.resetAndDestroy();
          const [reason] = await rig.closed();
          assert.equal(reason, 'client_reset');
          await until('the backend to be rid of it', () => echo.sockets.every(({ destroyed }) => destroyed));
        },
      );
    });

    it('reconsiders a connect under way', async () => {
      await withRows(engine, { attempts: [HANGS, ECHOES] }, async (rig) => {
        const client = await rig.client();
        const answer = ask(client, 'hello');
        const [accepted] = await rig.waitFor('accepted');
        rig.send({ type: 'reconsider', slot: accepted?.slot ?? -1 });
        assert.equal(await answer, 'echo:hello');
        assert.deepEqual(failures(rig), [ECANCELED]);
      });
    });

    it('reconsiders an attempt that waits for its retry delay', async () => {
      await withRows(engine, { attempts: [REFUSES, HANGS, ECHOES], retryDelayMs: 60_000 }, async (rig) => {
        const received = rig.client().then(readAll);
        const [failed] = await rig.waitFor('failed');
        const slot = failed?.slot ?? -1;
        rig.send({ type: 'reconsider', slot });
        await rig.waitFor('failed', 2);
        rig.send({ type: 'reconsider', slot });
        await rig.waitFor('failed', 3);
        rig.send({ type: 'reconsider', slot });
        assert.equal((await within('the reset', received)).how, 'ECONNRESET');
        assert.deepEqual(await rig.closed(), ['connect_failed']);
      });
    });

    it('ignores reconsider once a backend is connected, and for a free slot', async () => {
      await withRows(engine, { attempts: [ECHOES] }, async (rig) => {
        const client = await rig.client();
        const [established] = await rig.waitFor('established');
        rig.send({ type: 'reconsider', slot: established?.slot ?? -1 });
        rig.send({ type: 'reconsider', slot: 1_000 });
        assert.equal(await ask(client, 'still there'), 'echo:still there');
        assert.equal(rig.of('failed').length, 0);
      });
    });

    it('connects from the source addresses in turn', async () => {
      const script = { attempts: [ECHOES], sourceAddresses: ['127.0.0.2', '::1', '127.0.0.3'] };
      await withRows(engine, script, async (rig, echo) => {
        for (let n = 0; n < 4; n++) await rig.client();
        await rig.waitFor('established', 4);
        await until('all four', () => echo.sockets.length === 4);
        const sources = echo.sockets
          .map(({ remoteAddress }) => remoteAddress ?? '')
          .sort((a, b) => (a < b ? -1 : 1));
        assert.deepEqual(sources, ['127.0.0.2', '127.0.0.2', '127.0.0.3', '127.0.0.3']);
      });
    });

    it('tells the hash of the client address', async () => {
      await withRows(engine, { attempts: [ECHOES] }, async (rig) => {
        await rig.client();
        const [accepted] = await rig.waitFor('accepted');
        assert.equal(accepted?.sourceHash, sourceHash(LOCAL));
      });
    });

    it('listens on an address of its own', async () => {
      const port = await freePort();
      await withRows(engine, { attempts: [ECHOES] }, async (rig) => {
        assert.equal(await rig.listen({ type: 'address', host: LOCAL, port }), null);
        const taken = await rig.listen({ type: 'address', host: LOCAL, port: rig.port });
        assert.match(taken ?? '', /EADDRINUSE/);
        const own = await dial(port);
        rig.onStop(() => own.destroy());
        assert.equal(await ask(own, 'hello'), 'echo:hello');
        own.end();
        await within('the end', once(own, 'end'));
      });
    });
  });
}

for (const engine of CONTRACT_GROUPS.connecting) connectContract(engine);
