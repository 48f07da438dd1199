/** The workers of a proxy under real traffic: plans come and go. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { silentServer } from '../../../harness/engine/silent-server.ts';
import { backend, policy, pool } from '../../../harness/snapshots.ts';
import { ask, freePort, readAll, until, within } from '../../../harness/engine/tcp.ts';
import { Scene, web } from '../../../harness/worker/traffic-scene.ts';

describe('workers under traffic', () => {
  const scene = new Scene();
  afterEach(() => scene.clear());

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

  it('a lone backend is tried again after a delay', async () => {
    const port = await freePort();
    const rig = await scene.rig();
    const backendPort = await freePort();
    const patient = policy('patient', { connect: { timeoutMs: 5_000, retries: 10 } });
    await rig.apply([patient, pool('web', 'patient'), backend('web', `127.0.0.1:${backendPort}`), web(port)]);
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
});
