/** What a backend gets before everything else, and where a backend without a port is. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { constants } from 'node:os';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { CONTRACT_GROUPS, EngineRig, withBackend } from '../../../harness/engine/engine-rig.ts';
import { LoopRig } from '../../../harness/engine/loop-rig.ts';
import { mirror, readAll, within } from '../../../harness/engine/tcp.ts';
import { errnoName } from '../../../data-plane/kernel/errno.ts';
import { EPOLL } from '../../../data-plane/kernel/linux.ts';

const { EAGAIN, EPIPE, ENOBUFS } = constants.errno;

describe('epoll: a preface', () => {
  it('comes before the first byte of the client, and names the two ends of its connection', async () => {
    await withBackend('epoll', { preface: 'CLIENT to LOCAL;', attempts: [0] }, mirror, async (rig) => {
      const client = await rig.client();
      const received = readAll(client);
      const { localPort } = client;
      client.end('hello');
      const { text, how } = await within('the echo', received);
      assert.deepEqual([text, how], [`4:${localPort} to 4:${rig.port};hello`, 'end']);
      await rig.closed();
      // It is ours, not the client's.
      const counted = rig.of('closed').map(({ toBackend }) => toBackend);
      assert.deepEqual(counted, ['hello'.length]);
    });
  });

  it('goes to a backend that speaks first, whatever the client does', async () => {
    await withBackend('epoll', { preface: 'preface', attempts: [0] }, mirror, async (rig) => {
      const client = await rig.client();
      const [greeting] = await within('the greeting', once(client, 'data'));
      assert.equal(String(greeting), 'preface');
      client.destroy();
      await rig.closed();
    });
  });

  it('that the backend does not take is a failed connect, and goes to the next one whole', () => {
    const rig = new LoopRig([0, 1], { preface: 'preface' });
    rig.turn(rig.clients(0));
    const [first] = [rig.backend(0)];
    rig.kernel.answers.send = [-EPIPE];
    assert.deepEqual(rig.turn(rig.kernel.event(first, EPOLL.out)), ['failed 0 EPIPE']);
    assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), ['established 0']);
    assert.equal(rig.heard(rig.backend(0)), 'preface');
  });

  for (const [what, answer] of [
    ['part of one', 3],
    ['nothing of one', -EAGAIN],
  ] as const)
    it(`of which the kernel takes ${what} ends the connection as a shortage, without a byte of the client`, () => {
      const rig = new LoopRig([0, 1], { preface: 'preface' });
      rig.turn(rig.clients(0));
      const backend = rig.backend(0);
      rig.kernel.answers.send = [answer];
      const said = `fault Error: ${errnoName(ENOBUFS)}; clients wait until that is over`;
      const told = rig.turn(rig.kernel.event(backend, EPOLL.out));
      assert.deepEqual(told, ['closed 0 internal_error', said, 'saturated: shortage']);
      assert.equal(rig.kernel.open.has(backend), false);
    });
});

for (const engine of CONTRACT_GROUPS.connecting)
  describe(`${engine}: a backend without a port`, () => {
    it('is connected to at the port that the client asked for', async () => {
      const rows = [{ host: '127.87.2.1', port: 0 }];
      await EngineRig.run(engine, { rows, attempts: [0] }, [], async (rig) => {
        const server = createServer((socket) =>
          socket.on('error', () => {}).end(`${socket.localPort}`),
        ).listen(rig.port, rows[0]?.host);
        rig.onStop(() => server.close());
        await once(server, 'listening');
        const { text } = await within('the answer', readAll(await rig.client()));
        assert.equal(text, String(rig.port));
      });
    });
  });
