/** What every engine promises of time, of its limits, and of trouble. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { EngineName } from '../../../harness/engine/engine-host.ts';
import { CONTRACT_GROUPS, connectedPair, withBackend } from '../../../harness/engine/engine-rig.ts';
import { ask, mirror, pause, readAll, until, within } from '../../../harness/engine/tcp.ts';

/** Reads both sides of a connection, each of which must end with a reset. */
async function bothReset(client: Socket, backend: Socket): Promise<void> {
  const ends = await within('the resets', Promise.all([readAll(client), readAll(backend)]));
  assert.deepEqual(
    ends.map(({ how }) => how),
    ['ECONNRESET', 'ECONNRESET'],
  );
}

/**
 * Speaks every 20 ms for `ms`. False when the machine stalled so long that an engine might have seen a silence of
 * `silenceMs`: then the run says nothing.
 */
async function keepSpeaking(
  socket: Socket,
  ms: number,
  silenceMs: number,
  isOver = () => false,
): Promise<boolean> {
  const startMs = performance.now();
  let lastMs = startMs;
  let steady = true;
  while (lastMs - startMs < ms && !isOver()) {
    socket.write('.');
    await pause(20);
    const nowMs = performance.now();
    if (nowMs - lastMs > silenceMs / 2) steady = false;
    lastMs = nowMs;
  }
  return steady;
}

function timeoutsContract(engine: EngineName): void {
  describe(`${engine}: timeouts`, () => {
    it('resets both sides after the idle timeout', async () => {
      const timeouts = { connectMs: 1_000, idleMs: 100, halfClosedMs: 0, lifetimeMs: 0 };
      await connectedPair(engine, { timeouts }, async ({ rig, client, backend }) => {
        await bothReset(client, backend);
        assert.deepEqual(await rig.closed(), ['idle_timeout']);
      });
    });

    for (const [speaker, isHalfClosed] of [
      ['client', false],
      ['backend', false],
      ['backend', true],
    ] as const) {
      const state = isHalfClosed ? 'half-closed' : 'open';
      it(`counts inactivity, not age, of an ${state} connection in which the ${speaker} speaks`, async () => {
        const timeouts = { connectMs: 1_000, idleMs: 500, halfClosedMs: 400, lifetimeMs: 0 };
        await connectedPair(engine, { timeouts }, async ({ rig, client, backend }) => {
          client.resume();
          backend.resume();
          if (isHalfClosed) client.end();
          if (await keepSpeaking(speaker === 'client' ? client : backend, 1_200, 400)) {
            assert.deepEqual(rig.of('closed'), [], 'it was never silent');
          }
          const reason = isHalfClosed ? 'half_closed_timeout' : 'idle_timeout';
          assert.deepEqual(await rig.closed(), [reason], 'and now it is');
        });
      });
    }

    for (const [what, does] of [
      ['is silent', () => {}],
      ['is half-closed', (client) => client.end()],
      // Neither is read before the end, so bytes wait everywhere.
      ['is blocked both ways', (...sides) => sides.forEach((side) => side.write(Buffer.alloc(16 << 20)))],
      ['never stops speaking', (client) => void keepSpeaking(client, 60_000, 60_000, () => client.closed)],
    ] as readonly [string, (client: Socket, backend: Socket) => void][]) {
      it(`resets a connection that ${what} when it has lasted for its lifetime`, async () => {
        const timeouts = { connectMs: 1_000, idleMs: 60_000, halfClosedMs: 60_000, lifetimeMs: 300 };
        await connectedPair(engine, { timeouts }, async ({ rig, client, backend }) => {
          const isReset = new Promise((resolve) => client.once('close', resolve));
          does(client, backend);
          assert.deepEqual(await rig.closed(), ['lifetime']);
          assert.equal(await within('the reset', isReset), true);
        });
      });
    }

    for (const ender of ['client', 'backend'] as const) {
      it(`resets both sides when the ${ender} has ended and the other says nothing more`, async () => {
        const timeouts = { connectMs: 1_000, idleMs: 60_000, halfClosedMs: 100, lifetimeMs: 0 };
        await connectedPair(engine, { timeouts }, async ({ rig, client, backend }) => {
          const [first, other] = ender === 'client' ? [client, backend] : [backend, client];
          first.end();
          assert.equal((await within('the reset', readAll(first))).how, 'ECONNRESET');
          other.resume();
          assert.deepEqual(await rig.closed(), ['half_closed_timeout']);
        });
      });
    }
  });
}

function ordersContract(engine: EngineName): void {
  describe(`${engine}: orders`, () => {
    it('resets both sides of a connection for the reason it is given', async () => {
      await connectedPair(engine, {}, async ({ rig, client, backend }) => {
        const ends = bothReset(client, backend);
        const [established] = rig.of('established');
        rig.send({ type: 'reset', slot: established?.slot ?? -1, reason: 'drain_deadline' });
        rig.send({ type: 'reset', slot: established?.slot ?? -1, reason: 'shutdown' });
        assert.deepEqual(await rig.closed(), ['drain_deadline']);
        await ends;
        assert.equal(await rig.connections(), 0);
        assert.equal(rig.of('closed').length, 1, 'closed once');
      });
    });

    for (const type of ['stop-accepting', 'unlisten'] as const) {
      it(`accepts no more after ${type}, and what is open goes on`, async () => {
        await withBackend(engine, {}, mirror, async (rig) => {
          const client = await rig.client();
          await ask(client, 'before');
          rig.send({ type });
          assert.equal(await rig.connections(), 1);
          // The listening socket is the test's: this client waits in its backlog.
          await rig.client();
          assert.equal(await ask(client, 'after'), 'after');
          assert.equal(rig.of('accepted').length, 1);
        });
      });
    }

    it('resets what is open when it closes', async () => {
      await connectedPair(engine, {}, async ({ rig, client, backend }) => {
        const ends = bothReset(client, backend);
        rig.send({ type: 'close' });
        assert.deepEqual(await rig.closed(), ['shutdown']);
        await ends;
      });
    });
  });
}

function limitsContract(engine: EngineName): void {
  describe(`${engine}: limits and trouble`, () => {
    it('stops accepting at the limit, lets clients wait, and goes on when there is room', async () => {
      await withBackend(engine, { maxConnections: 5 }, mirror, async (rig) => {
        const clients = await Promise.all(Array.from({ length: 8 }, () => rig.client()));
        await rig.waitFor('established', 5);
        const saturated = { type: 'saturated', on: true, cause: 'connection_limit' };
        assert.deepEqual(await rig.waitFor('saturated'), [saturated]);
        const answers = clients.map((client) => ask(client, 'hello'));
        await Promise.race(answers);
        assert.equal(await rig.connections(), 5);
        assert.equal(rig.of('accepted').length, 5);
        await Promise.all(
          answers.map(async (answer, n) => {
            assert.equal(await answer, 'hello');
            clients[n]?.end();
          }),
        );
        await rig.closed(8);
        await until('accepting to go on', () => rig.of('saturated').at(-1)?.on === false);
      });
    });

    for (const call of ['onAccept', 'onConnectFailed', 'onEstablished', 'onBytes', 'onClosed'] as const) {
      it(`resets one connection alone when ${call} throws`, async () => {
        const attempts = call === 'onConnectFailed' ? [1] : [0];
        await withBackend(engine, { throwIn: call, attempts }, mirror, async (rig) => {
          // A reset right after accept may reach the client before its own connect does.
          const unlucky = await rig.client().catch(() => null);
          const received = unlucky && readAll(unlucky);
          unlucky?.end('hello');
          await within('its end', Promise.resolve(received));
          await rig.waitFor('fault');
          const [reason] = await rig.closed();
          assert.equal(reason, call === 'onClosed' ? 'completed' : 'internal_error');
          if (call === 'onConnectFailed') return;
          assert.equal(await ask(await rig.client(), 'hello'), 'hello');
        });
      });
    }
  });
}

for (const engine of CONTRACT_GROUPS.timeouts) timeoutsContract(engine);
for (const engine of CONTRACT_GROUPS.orders) ordersContract(engine);
for (const engine of CONTRACT_GROUPS.limits) limitsContract(engine);
