/** Listening sockets outlive the workers that accept on them: no client in a queue is lost, and no socket is left over. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { backend, pool } from '../../../harness/snapshots.ts';
import { ask, until } from '../../../harness/engine/tcp.ts';
import { run } from '../../../harness/programs/processes.ts';
import { ENGINES, type TrafficRig } from '../../../harness/worker/traffic-rig.ts';
import { Scene, web } from '../../../harness/worker/traffic-scene.ts';

/** Ends a worker, and no thread takes its place. */
async function endForGood(rig: TrafficRig, worker: number): Promise<void> {
  rig.keptAway.add(worker);
  await rig.threads[worker]?.terminate();
  await until('the loss to be noticed', () => lossesOf(rig, worker) > 0);
}

function lossesOf(rig: TrafficRig, worker: number): number {
  return rig.events.filter((event) => event.startsWith(`lost ${worker} `)).length;
}

/** Clients, each with a question, and their answers to come. */
async function askAll(scene: Scene, port: number, count: number): Promise<Promise<string>[]> {
  const sockets = await Promise.all(Array.from({ length: count }, () => scene.client(port)));
  return sockets.map((socket) => ask(socket, 'hi'));
}

/** Whether another process can have a port, which fails while any socket listens on it. */
async function bindsElsewhere(port: number): Promise<boolean> {
  const program = `require('net').createServer().listen(${port}, '127.0.0.1', () => process.exit(0))`;
  const { code } = await run(process.execPath, ['-e', program]);
  return code === 0;
}

for (const engine of ENGINES)
  describe(`the listening sockets of a worker that is away, ${engine} engine`, () => {
    const scene = new Scene(engine);
    afterEach(() => scene.clear());

    it('are accepted on by a neighbour for as long as its thread cannot be started, and by the next when that is lost too', async () => {
      const one = await scene.echo('one');
      const { rig, port } = await scene.webRig([one.address], { workers: 3 });
      await endForGood(rig, 2);
      await endForGood(rig, 0);
      assert.deepEqual(new Set(await Promise.all(await askAll(scene, port, 40))), new Set(['one:hi']));
    });

    it('keep their queues when none is left, until the first worker is back', async () => {
      const one = await scene.echo('one');
      const { rig, port } = await scene.webRig([one.address]);
      await Promise.all([endForGood(rig, 0), endForGood(rig, 1)]);
      const answers = await askAll(scene, port, 40);
      rig.keptAway.delete(0);
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(['one:hi']));
    });

    it('are its own again once it is back', async () => {
      const one = await scene.echo('one');
      const { rig, port } = await scene.webRig([one.address]);
      const thread = rig.threads[1];
      await endForGood(rig, 1);
      rig.keptAway.delete(1);
      await until('the replacement', () => rig.threads[1] !== thread);
      while ((rig.workers[1]?.listenerOpen[0] ?? 0) === 0) {
        assert.deepEqual(new Set(await Promise.all(await askAll(scene, port, 5))), new Set(['one:hi']));
      }
      await rig.apply([pool('web'), backend('web', one.address)]);
      assert.equal(await bindsElsewhere(port), true);
    });

    it('are closed when their listener is removed: another process can have the port', async () => {
      const one = await scene.echo('one');
      const { rig, port } = await scene.webRig([one.address]);
      await endForGood(rig, 1);
      assert.equal(await bindsElsewhere(port), false);
      await rig.apply([pool('web'), backend('web', one.address)]);
      assert.equal(await bindsElsewhere(port), true);
    });
  });

describe('the queue of a worker that hangs, epoll engine', () => {
  const scene = new Scene('epoll');
  afterEach(() => scene.clear());

  it('is served though its listener is removed and the worker dies meanwhile', async () => {
    const one = await scene.echo('one');
    const { rig, port } = await scene.webRig([one.address]);
    rig.sabotage(0, 'loop');
    await until('the worker to be stuck', () => rig.events.some((event) => event.endsWith('stuck')));
    const answers = await askAll(scene, port, 40);
    const removed = rig.apply([pool('web'), backend('web', one.address), web(port + 1)]);
    rig.keptAway.add(0);
    await rig.threads[0]?.terminate();
    await removed;
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(['one:hi']));
    assert.equal(await bindsElsewhere(port), true);
  });
});
