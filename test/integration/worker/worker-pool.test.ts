/** The workers of a proxy under real traffic: plans come and go, workers die, limits are reached. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { CLOSE_REASONS } from '../../../data-plane/memory/close-reasons.ts';
import { HEALTH } from '../../../data-plane/memory/shared-memory.ts';
import { silentServer } from '../../../harness/engine/silent-server.ts';
import { backend, listener, policy, pool } from '../../../harness/snapshots.ts';
import { ask, freePort, readAll, until, within } from '../../../harness/engine/tcp.ts';
import { ENGINES } from '../../../harness/worker/traffic-rig.ts';
import { Scene, web } from '../../../harness/worker/traffic-scene.ts';

for (const engine of ENGINES)
  describe(`workers under traffic, ${engine} engine`, () => {
    const scene = new Scene(engine);
    afterEach(() => scene.clear());

    it('relay through all workers, and count what they did', async () => {
      const [one, two] = [await scene.echo('one'), await scene.echo('two')];
      const { rig, port } = await scene.webRig([one.address, two.address]);
      const sockets = await Promise.all(Array.from({ length: 40 }, () => scene.client(port)));
      const answers = await Promise.all(sockets.map((socket) => ask(socket, 'hi')));
      assert.deepEqual(new Set(answers), new Set(['one:hi', 'two:hi']));
      assert.equal(rig.connections, 40);
      assert.equal(rig.openAt(one.address) + rig.openAt(two.address), 40);
      const accepted = rig.workers.map(({ listeners }) => listeners[0] ?? 0);
      assert.ok(
        accepted.every((count) => count > 0),
        `each worker accepted some: ${accepted.join()}`,
      );
      for (const socket of sockets) socket.end();
      await until('all connections to close', () => rig.connections === 0);
      assert.equal(rig.openAt(one.address) + rig.openAt(two.address), 0);
      const completed = rig.workers.reduce((sum, { worker }) => sum + (worker[0] ?? 0), 0);
      assert.equal(completed, 40);
    });

    it('a removed or draining backend gets no new connection once the plan is applied, attempts under way included', async () => {
      const stays = await scene.echo('stays');
      const silent = await silentServer();
      scene.onClear(() => silent.close());
      const rig = await scene.rig();
      const port = await freePort();
      await rig.apply([pool('web'), backend('web', `127.0.0.1:${silent.port}`), web(port)]);
      const stuck = await Promise.all(Array.from({ length: 8 }, () => scene.client(port)));
      const answers = stuck.map((socket) => ask(socket, 'hi'));
      await until('all to be connecting', () => rig.openAt(`127.0.0.1:${silent.port}`) === 8);
      const row = rig.rowOf(`127.0.0.1:${silent.port}`);
      await rig.apply([pool('web'), backend('web', stays.address), web(port)]);
      assert.equal(Atomics.load(rig.shared.open, row), 0, 'no attempt goes on');
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(['stays:hi']));
    });

    it('established connections to a removed backend go on, until they are closed by order', async () => {
      const [one, two] = [await scene.echo('one'), await scene.echo('two')];
      const { rig, port } = await scene.webRig([one.address]);
      const socket = await scene.client(port);
      assert.equal(await ask(socket, 'hi'), 'one:hi');
      const row = rig.rowOf(one.address);
      const generation = Atomics.load(rig.shared.generation, row);
      await rig.apply([pool('web'), backend('web', two.address), web(port)]);
      assert.equal(await ask(await scene.client(port), 'hi'), 'two:hi');
      assert.equal(await ask(socket, 'still'), 'one:still');
      rig.pool.closeBackend(row, generation + 1, 'drain_deadline');
      assert.equal(await ask(socket, 'again'), 'one:again', 'another generation is another backend');
      const end = readAll(socket);
      rig.pool.closeBackend(row, generation, 'drain_deadline');
      assert.equal((await within('the reset', end)).how, 'ECONNRESET');
      await until('the reservation to be given back', () => Atomics.load(rig.shared.open, row) === 0);
    });

    it('a listener moves to another pool in one step', async () => {
      const [blue, green] = [await scene.echo('blue'), await scene.echo('green')];
      const rig = await scene.rig();
      const port = await freePort();
      const pools = [
        pool('blue'),
        backend('blue', blue.address),
        pool('green'),
        backend('green', green.address),
      ];
      await rig.apply([...pools, listener('web', `127.0.0.1:${port}`, 'blue')]);
      assert.equal(await ask(await scene.client(port), 'hi'), 'blue:hi');
      await rig.apply([...pools, listener('web', `127.0.0.1:${port}`, 'green')]);
      assert.equal(await ask(await scene.client(port), 'hi'), 'green:hi');
    });

    it('three failed connects in a row take a backend out, once, and the others serve', async () => {
      const alive = await scene.echo('alive');
      const dead = `127.0.0.1:${await freePort()}`;
      const { rig, port } = await scene.webRig([alive.address, dead]);
      const answers: string[] = [];
      for (let n = 0; n < 30; n++) answers.push(await ask(await scene.client(port), 'hi'));
      assert.deepEqual(new Set(answers), new Set(['alive:hi']), 'each was tried on the other one');
      assert.equal(Atomics.load(rig.shared.health, rig.rowOf(dead)), HEALTH.ejected);
      const ejected = rig.events.filter((event) => event.startsWith('ejected'));
      assert.equal(ejected.length, 1, ejected.join());
      assert.match(ejected[0] ?? '', /3 failed connects in a row, the last one with ECONNREFUSED/);
    });

    it('a backend without health check is never taken out', async () => {
      const alive = await scene.echo('alive');
      const dead = `127.0.0.1:${await freePort()}`;
      const rig = await scene.rig();
      const port = await freePort();
      const unchecked = policy('unchecked', {
        healthCheck: {
          type: 'none',
          intervalMs: 1,
          timeoutMs: 1,
          healthyThreshold: 1,
          unhealthyThreshold: 1,
        },
      });
      await rig.apply([
        unchecked,
        pool('web', 'unchecked'),
        backend('web', alive.address),
        backend('web', dead),
        web(port),
      ]);
      for (let n = 0; n < 20; n++) assert.equal(await ask(await scene.client(port), 'hi'), 'alive:hi');
      assert.deepEqual(rig.events, []);
    });

    it('a lone backend is tried again after a delay', async () => {
      const port = await freePort();
      const rig = await scene.rig();
      const backendPort = await freePort();
      const patient = policy('patient', { connect: { timeoutMs: 5_000, retries: 10 } });
      await rig.apply([
        patient,
        pool('web', 'patient'),
        backend('web', `127.0.0.1:${backendPort}`),
        web(port),
      ]);
      const answer = ask(await scene.client(port), 'hi');
      const failures = (): number =>
        rig.workers.reduce(
          (sum, { backends }) => sum + (backends[rig.rowOf(`127.0.0.1:${backendPort}`) * 4 + 1] ?? 0),
          0,
        );
      await until('a failed connect', () => failures() > 0);
      await scene.echo('late', backendPort);
      assert.equal(await answer, 'late:hi');
      assert.ok(failures() <= 10);
    });

    it('stop at the limit of connections together, and go on when there is room', async () => {
      const one = await scene.echo('one');
      const { rig, port } = await scene.webRig([one.address], { maxConnections: 10 });
      const sockets = await Promise.all(Array.from({ length: 30 }, () => scene.client(port)));
      const answered = sockets.map((socket) => ask(socket, 'hi').then(() => socket));
      await until('all workers to say that they are full', () => rig.events.includes('saturated true'));
      while (answered.length > 0) {
        const socket = await within('the next answer', Promise.race(answered));
        // Each of the two workers may be one over before it sees the other's.
        assert.ok(rig.connections <= 11, `${rig.connections} connections at a limit of 10`);
        void answered.splice(sockets.indexOf(socket), 1);
        sockets.splice(sockets.indexOf(socket), 1);
        socket.destroy();
      }
      await until('accepting to go on', () => rig.events.at(-1) === 'saturated false');
    });

    it('drain when they stop: what ends in time ends in order, the rest is reset', async () => {
      const one = await scene.echo('one');
      const { rig, port } = await scene.webRig([one.address]);
      const [quick, slow] = [await scene.client(port), await scene.client(port)];
      await Promise.all([ask(quick, 'hi'), ask(slow, 'hi')]);
      await rig.applier.stopAccepting();
      let refused = '';
      await until('new clients to be refused', () => {
        void scene.endOf(port).then((how) => {
          refused = how;
        });
        return refused === 'ECONNREFUSED';
      });
      const slowEnd = readAll(slow);
      const stopped = rig.pool.stop(1_500);
      assert.equal(await ask(quick, 'bye'), 'one:bye');
      quick.end();
      await within('the end', once(quick, 'end'));
      await within('the stop', stopped);
      assert.equal((await slowEnd).how, 'ECONNRESET');
      assert.equal(rig.connections, 0);
      const shutdown = CLOSE_REASONS.indexOf('shutdown');
      assert.equal(
        rig.workers.reduce((sum, { worker }) => sum + (worker[shutdown] ?? 0), 0),
        1,
      );
    });
  });
