/** What every engine promises under pressure: much at once, slow readers, and everybody served all the while. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { EngineName } from '../../../harness/engine/engine-host.ts';
import { CONTRACT_GROUPS, EngineRig, withBackend } from '../../../harness/engine/engine-rig.ts';
import { silentServer } from '../../../harness/engine/silent-server.ts';
import { RawListener, RawSocket } from '../../../harness/engine/raw-socket.ts';
import {
  accepted,
  rawPairs,
  withRawBackend,
  withRawPair,
  readBytes,
  readToEnd,
  sendSome,
  stretch,
} from '../../../harness/engine/raw-traffic.ts';
import { either, mirror, until, within } from '../../../harness/engine/tcp.ts';

const MEGABYTE = 1024 * 1024;
/** Of the kernel: so small that little data is congestion. */
const SMALL_BUFFER_BYTES = 32 * 1024;
const LOCAL = '127.0.0.1';

function pressureContract(engine: EngineName): void {
  describe(`${engine}: under pressure`, () => {
    it('moves all that is there on many connections at once, though nothing more is ever said', async () => {
      await withRawBackend(engine, {}, async (rig, backend) => {
        const pairs = await rawPairs(rig, backend, 4);
        const release = await rig.hold();
        // More than one turn moves, both ways, and the engine is told of it once.
        const said = pairs.map(({ client, backend: server }, index) => {
          const [up, down] = [stretch(index, 1_500_000), stretch(index + 100, 1_500_000)];
          return [up.subarray(0, sendSome(client, up)), down.subarray(0, sendSome(server, down))] as const;
        });
        assert.ok(
          said.flat().every(({ length }) => length > 600_000),
          'more than two turns',
        );
        release();
        await Promise.all(
          pairs.map(async ({ client, backend: server }, index) => {
            const [up, down] = said[index] ?? [Buffer.alloc(0), Buffer.alloc(0)];
            assert.ok((await readBytes(server, up.length)).equals(up), 'the bytes of a client');
            assert.ok((await readBytes(client, down.length)).equals(down), 'the bytes of a backend');
          }),
        );
      });
    });

    it('tells at once of the first bytes to a client, though it reads nothing and more of them wait', async () => {
      const bufferBytes = SMALL_BUFFER_BYTES / 8;
      await withRawPair(engine, bufferBytes, async (rig, pair) => {
        const release = await rig.hold();
        // More than the way to the client holds.
        const words = stretch(13, MEGABYTE);
        let sent = sendSome(pair.backend, words);
        release();
        await until('the way to be full', () => {
          const more = sendSome(pair.backend, words.subarray(sent));
          sent += more;
          return more === 0 && rig.of('first-bytes').length > 0;
        });
        assert.ok((await readBytes(pair.client, sent)).equals(words.subarray(0, sent)));
      });
    });

    it('answers a small request again and again while bulk is under way', async () => {
      await withBackend(engine, {}, mirror, async (rig) => {
        const bulk = await rig.client();
        const small = RawSocket.connect(rig.port);
        rig.onStop(() => small.close());
        let echoed = 0;
        bulk.on('data', (chunk: Buffer) => (echoed += chunk.length));
        let isOver = false;
        const chunk = Buffer.alloc(MEGABYTE, 'x');
        const pumping = (async () => {
          while (!isOver) if (!bulk.write(chunk)) await either(bulk, 'drain');
        })();
        await until('bulk to be under way', () => echoed > 4 * MEGABYTE);
        for (let n = 0; n < 50; n++) {
          const before = echoed;
          const request = Buffer.from(`request ${n}`);
          assert.equal(small.send(request), request.length);
          assert.ok((await readBytes(small, request.length)).equals(request));
          if (n % 10 === 0) await until('bulk to go on', () => echoed > before);
        }
        isOver = true;
        await within('the pump', pumping);
      });
    });

    it('serves the rest while 60 do not read, resets none of them, and brings them everything', async () => {
      await withRawBackend(engine, { bufferBytes: SMALL_BUFFER_BYTES }, async (rig, backend) => {
        const pairs = await rawPairs(rig, backend, 60, SMALL_BUFFER_BYTES);
        const words = pairs.map((_, index) => stretch(index, 700_000));
        const sent = pairs.map(() => 0);
        const pour = (): boolean => {
          let isAny = false;
          for (const [index, { backend: server }] of pairs.entries()) {
            const more = sendSome(server, words[index]?.subarray(sent[index]) ?? Buffer.alloc(0));
            sent[index] = (sent[index] ?? 0) + more;
            if (more > 0) isAny = true;
          }
          return isAny;
        };
        await until('all backends to stall', () => !pour());
        const [quick] = await rawPairs(rig, backend, 1);
        assert.ok(quick);
        for (let n = 0; n < 20; n++) {
          assert.equal(quick.client.send(Buffer.from('question')), 8);
          assert.equal(String(await readBytes(quick.backend, 8)), 'question');
          assert.equal(quick.backend.send(Buffer.from('answer')), 6);
          assert.equal(String(await readBytes(quick.client, 6)), 'answer');
        }
        assert.deepEqual(rig.of('closed'), [], 'nobody is reset for being slow');
        const reading = Promise.all(pairs.map(({ client }) => readToEnd(client)));
        await until('everything to be sent', () => {
          pour();
          return sent.every((count, index) => count === words[index]?.length);
        });
        for (const { backend: server } of pairs) server.end();
        for (const [index, { bytes, how }] of (await reading).entries()) {
          assert.equal(how, 0);
          assert.ok(words[index]?.equals(bytes), `the bytes of connection ${index}`);
        }
      });
    });

    it('brings what was said while it connected, though more than 1 MB, and its end', async () => {
      const backend = new RawListener();
      const silent = await silentServer();
      const rows = [silent.port, backend.port].map((port) => ({ host: LOCAL, port }));
      await EngineRig.run(engine, { rows }, [() => backend.close(), () => silent.close()], async (rig) => {
        const client = RawSocket.connect(rig.port);
        rig.onStop(() => client.close());
        const words = stretch(5, 1_200_000);
        let sent = 0;
        await until(
          'all of it to be sent',
          () => (sent += sendSome(client, words.subarray(sent))) === words.length,
        );
        client.end();
        const [connecting] = await rig.waitFor('accepted');
        rig.send({ type: 'reconsider', slot: connecting?.slot ?? -1 });
        const { bytes, how } = await readToEnd(await accepted(rig, backend));
        assert.ok(bytes.equals(words), `${bytes.length} bytes`);
        assert.equal(how, 0);
      });
    });
  });
}

for (const engine of CONTRACT_GROUPS.pressure) pressureContract(engine);
