/** Listeners that come and go under load: a socket is closed only when no worker accepts on it any more. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { CheckedConversation, startMirror } from '../../../harness/engine/checked-conversation.ts';
import { backend, listener, pool } from '../../../harness/snapshots.ts';
import { ask, freePort, until } from '../../../harness/engine/tcp.ts';
import { byRunLength } from '../../../harness/run-length.ts';
import { ENGINES } from '../../../harness/worker/traffic-rig.ts';
import { Scene, web } from '../../../harness/worker/traffic-scene.ts';

const ROUNDS = byRunLength(15, 300);
/** More than a worker accepts while a plan is on its way to it. */
const WAITING = 400;

/** Clients that come again and again. Those that were answered once must be served to their end. */
class Comers {
  readonly failures: string[] = [];
  served = 0;
  #stopping = false;
  readonly #lanes: Promise<void>[] = [];

  /** `mayRefuse`: nobody may be there. */
  come(port: number, lanes: number, mayRefuse: boolean): void {
    for (let lane = 0; lane < lanes; lane++) this.#lanes.push(this.#lane(port, lane, mayRefuse));
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#lanes);
  }

  async #lane(port: number, seed: number, mayRefuse: boolean): Promise<void> {
    while (!this.#stopping) {
      let isEstablished = false;
      try {
        const conversation = await CheckedConversation.open(port, seed);
        await conversation.exchange(10);
        isEstablished = true;
        for (let turn = 0; turn < 5; turn++) await conversation.exchange(2_000);
        await conversation.end();
        this.served += 1;
      } catch (error) {
        if (isEstablished || !mayRefuse) this.failures.push(String(error));
      }
    }
  }
}

for (const engine of ENGINES) {
  describe(`listeners that come and go, ${engine} engine`, () => {
    const scene = new Scene(engine);
    afterEach(() => scene.clear());

    it('break no connection, and close no socket that a worker accepts on', async () => {
      const mirror = await startMirror();
      scene.onClear(() => mirror.stop());
      const { rig, port } = await scene.webRig([mirror.address]);
      const others = [await freePort(), await freePort(), await freePort()];
      const always = [pool('web'), backend('web', mirror.address), web(port)];
      const old = await Promise.all(Array.from({ length: 20 }, () => CheckedConversation.open(port, 1)));
      const comers = new Comers();
      scene.onClear(() => comers.stop());
      comers.come(port, 8, false);
      for (const other of others) comers.come(other, 3, true);
      for (let round = 0; round < ROUNDS; round++) {
        const servedBefore = comers.served;
        const now = others.filter((_, index) => (round + index) % 3 !== 0);
        await rig.apply([
          ...always,
          ...now.map((at) => listener(`at-${at}-${round}`, `127.0.0.1:${at}`, 'web')),
        ]);
        await rig.apply(always);
        for (const conversation of old) await conversation.exchange(100);
        await until('others to be served', () => comers.served > servedBefore + 5);
      }
      await comers.stop();
      assert.deepEqual(comers.failures, []);
      for (const conversation of old) await conversation.end();
      // A worker says so when a socket that it accepts on was closed under it.
      assert.deepEqual(rig.events, []);
      await until('all connections to close', () => rig.connections === 0);
    });
  });
}

describe('a listener that is removed, epoll engine', () => {
  const scene = new Scene('epoll');
  afterEach(() => scene.clear());

  it('serves whoever waited in its backlog while the workers were busy', async () => {
    const one = await scene.echo('one');
    const { rig, port } = await scene.webRig([one.address]);
    const releases = [rig.hold(0), rig.hold(1)];
    await until('both workers to be busy', () => rig.events.filter((e) => e.endsWith('stuck')).length === 2);
    const waiting = await Promise.all(Array.from({ length: WAITING }, () => scene.client(port)));
    const answers = Promise.all(waiting.map((socket) => ask(socket, 'hi')));
    const applied = rig.apply([pool('web'), backend('web', one.address)]);
    for (const release of releases) release();
    await applied;
    assert.deepEqual(new Set(await answers), new Set(['one:hi']));
    assert.equal(rig.connections, WAITING);
  });
});
