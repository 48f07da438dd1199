/** What a worker that dies under traffic leaves behind: nothing, after a moment. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { CLOSE_REASONS } from '../../data-plane/engine/engine.ts';
import { CONTROL } from '../../data-plane/telemetry/shared-memory.ts';
import { backend, pool } from '../harness/snapshots.ts';
import { ask, until } from '../harness/tcp.ts';
import { Scene, web } from '../harness/traffic-scene.ts';

const scene = new Scene();
afterEach(() => scene.clear());

describe('a dead worker', () => {
  it('is replaced, and the others are untouched', async () => {
    const one = await scene.echo('one');
    const { rig, port } = await scene.webRig([one.address]);
    const sockets = await Promise.all(Array.from({ length: 30 }, () => scene.client(port)));
    await Promise.all(sockets.map((socket) => ask(socket, 'hi')));
    const lost = rig.workers[0]?.listenerOpen[0] ?? 0;
    assert.ok(lost > 0 && lost < 30);
    const firstThread = rig.threads[0];
    await firstThread?.terminate();
    await until('the replacement', () => rig.threads[0] !== firstThread);
    assert.equal(rig.connections, 30 - lost);
    assert.equal(rig.openAt(one.address), 30 - lost);
    assert.equal(rig.workers[0]?.worker[CLOSE_REASONS.indexOf('worker_lost')], lost);
    assert.deepEqual(rig.pool.restarts, [1, 0]);
    assert.ok(
      rig.events.some((event) => event.startsWith(`lost 0 ${lost}`)),
      rig.events.join('\n'),
    );
    // Each socket's listener is shared out by the kernel: forty come to both workers.
    const fresh = await Promise.all(Array.from({ length: 40 }, () => scene.client(port)));
    assert.deepEqual(
      new Set(await Promise.all(fresh.map((socket) => ask(socket, 'hi')))),
      new Set(['one:hi']),
    );
    assert.ok((rig.workers[0]?.listenerOpen[0] ?? 0) > 0, 'the replacement accepts');
    const survivors = await Promise.all(
      sockets.filter((socket) => !socket.destroyed && socket.readable).map((socket) => ask(socket, 'still')),
    );
    assert.equal(survivors.filter((answer) => answer === 'one:still').length, 30 - lost);
  });

  it('keeps no client waiting while its replacement backs off: a neighbour accepts', async () => {
    const one = await scene.echo('one');
    const { rig, port } = await scene.webRig([one.address]);
    for (let death = 1; death <= 3; death++) {
      const thread = rig.threads[0];
      await thread?.terminate();
      const answers = Array.from({ length: 20 }, async () => ask(await scene.client(port), 'hi'));
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(['one:hi']));
      await until('the replacement', () => rig.threads[0] !== thread);
    }
    assert.deepEqual(rig.pool.restarts, [3, 0]);
    assert.equal(Atomics.load(rig.shared.control, CONTROL.connections), rig.openAt(one.address));
  });

  it('gets the plan of the moment: one applied while it was away, too', async () => {
    const [one, two] = [await scene.echo('one'), await scene.echo('two')];
    const { rig, port } = await scene.webRig([one.address]);
    const thread = rig.threads[1];
    const gone = thread?.terminate();
    await rig.apply([pool('web'), backend('web', two.address), web(port)]);
    await gone;
    await until('the replacement', () => rig.threads[1] !== thread);
    const answers = await Promise.all(
      Array.from({ length: 40 }, async () => ask(await scene.client(port), 'hi')),
    );
    assert.deepEqual(new Set(answers), new Set(['two:hi']));
  });
});
