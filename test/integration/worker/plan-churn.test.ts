/** A busy day in seconds: hundreds of connections at once that open and close while plans and listeners come and go. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { freePort } from '../../../harness/free-port.ts';
import { type Resource, STRATEGIES } from '../../../core/model/resources.ts';
import { CLOSE_REASONS } from '../../../core/wire/close-reasons.ts';
import { closedConnections } from '../../../data-plane/memory/counters.ts';
import { BACKEND_COUNTERS } from '../../../data-plane/memory/shared-memory.ts';
import { CheckedConversation, startMirror } from '../../../harness/engine/checked-conversation.ts';
import { backend, listener, policy, pool } from '../../../harness/snapshots.ts';
import { byRunLength } from '../../../harness/run-length.ts';
import { type TcpServer, ask, pause, readAll, until, within } from '../../../harness/engine/tcp.ts';
import { Scene, type TrafficRig, web } from '../../../harness/worker/traffic-rig.ts';
import { silentServer } from '../../../harness/engine/silent-server.ts';

const LANES = byRunLength(300, 2_000);
/** Of them, those that keep their connection for all of it. */
const LONG_LANES = 50;
const PAUSE_MS = 300;
/** Every strategy, and a backend that leaves, in each twenty. */
const CHANGES = byRunLength(20, 400);
const ROUNDS = byRunLength(15, 300);
/** More than a worker accepts while a plan is on its way to it. */
const WAITING = 400;

/** Clients side by side, each with one connection after the other. */
class Visitors {
  readonly resets: string[] = [];
  readonly failures: string[] = [];
  visits = 0;
  isStopping = false;
  readonly #lanes: Promise<void>[] = [];

  /** `talk` is what a client does once it was answered. `mayRefuse`: nobody may be there to answer it. */
  come(
    port: number,
    count: number,
    talk: (conversation: CheckedConversation, lane: number) => Promise<void>,
    mayRefuse = false,
  ): void {
    for (let lane = 0; lane < count; lane++) this.#lanes.push(this.#lane(port, lane, talk, mayRefuse));
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.#lanes);
  }

  async #lane(...[port, lane, talk, mayRefuse]: Required<Parameters<Visitors['come']>>): Promise<void> {
    while (!this.isStopping) {
      let isEstablished = false;
      try {
        const conversation = await CheckedConversation.open(port, lane);
        await conversation.exchange(10);
        isEstablished = true;
        await talk(conversation, lane);
        await conversation.end();
        this.visits += 1;
      } catch (error) {
        if (!isEstablished && mayRefuse) continue;
        const isReset = String(error).includes('ECONNRESET');
        (isReset ? this.resets : this.failures).push(String(error));
      }
    }
  }
}

/** What stands in the plan at a step: each backend is away, drained or of another weight now and then. */
function planAt(step: number, port: number, second: number, servers: readonly TcpServer[]): Resource[] {
  const backends = servers.flatMap(({ address }, index): Resource[] => {
    if (index > 1 && (step + index) % 4 === 0) return [];
    const state = index > 1 && (step + index) % 4 === 2 ? 'draining' : 'active';
    return [{ kind: 'backend', value: { pool: 'web', address, weight: 1 + ((step * index) % 5), state } }];
  });
  const strategy = STRATEGIES[step % STRATEGIES.length] ?? 'round_robin';
  const extra = step % 2 === 0 ? [listener('second', `127.0.0.1:${second}`, 'web')] : [];
  return [policy('p', { strategy }), pool('web', 'p'), ...backends, web(port), ...extra];
}

function counterOf(rig: TrafficRig, row: number, name: (typeof BACKEND_COUNTERS)[number]): number {
  const at = row * BACKEND_COUNTERS.length + BACKEND_COUNTERS.indexOf(name);
  return rig.workers.reduce((sum, { backends }) => sum + (backends[at] ?? 0), 0);
}

const scene = new Scene();
afterEach(() => scene.clear());

async function mirrors(count: number): Promise<TcpServer[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => startMirror()));
  for (const server of servers) scene.onClear(() => server.stop());
  return servers;
}

describe('a plan that changes all the time', () => {
  it('loses no byte and no connection, but for those closed by order', async () => {
    const servers = await mirrors(5);
    const rig = await scene.rig();
    const [port, second] = [await freePort(), await freePort()];
    await rig.apply(planAt(0, port, second, servers));
    const lanes = new Visitors();
    scene.onClear(() => lanes.stop());
    lanes.come(port, LANES, async (conversation, lane) => {
      do {
        await conversation.exchange(1 + ((lane * 37) % 5_000));
        // Clients and servers share one thread here: those that talk without a pause would leave the others none of it.
        await pause(PAUSE_MS);
        await conversation.exchange(1 + ((lane * 41) % 5_000));
      } while (lane < LONG_LANES && !lanes.isStopping);
    });
    await until('the long connections to be open', () => rig.connections >= LONG_LANES);
    for (let step = 1; step <= CHANGES; step++) {
      const visitsBefore = lanes.visits;
      const leaves = step % 10 === 0 ? rig.rowOf(servers[0]?.address ?? '') : -1;
      const generation = leaves < 0 ? 0 : Atomics.load(rig.shared.generation, leaves);
      await rig.apply(planAt(step, port, second, leaves < 0 ? servers : servers.slice(1)));
      if (leaves >= 0) rig.pool.closeBackend(leaves, generation, 'drain_deadline', 1);
      if (step % 2 === 0) {
        const visitor = await CheckedConversation.open(second, step);
        await visitor.exchange(10_000);
        await visitor.end();
      }
      await until('visits to go on', () => lanes.visits > visitsBefore + 50);
    }
    await lanes.stop();
    assert.deepEqual(lanes.failures, []);
    await until('all connections to close', () => rig.connections === 0);
    const closed = closedConnections(rig.workers);
    assert.ok(lanes.resets.length > 0, 'some were closed by order');
    // One that was closed by order may have had its last byte already.
    assert.ok(lanes.resets.length <= closed.drain_deadline, lanes.resets.slice(0, 5).join('\n'));
    const reasons = CLOSE_REASONS.filter((reason) => closed[reason] > 0);
    assert.deepEqual(reasons.sort(), ['completed', 'drain_deadline']);
    assert.ok(rig.shared.open.every((open) => open === 0));
    for (const { backendOpen, listenerOpen } of rig.workers) {
      assert.ok(backendOpen.every((open) => open === 0) && listenerOpen.every((open) => open === 0));
    }
    assert.deepEqual(
      rig.events.filter((event) => !event.startsWith('ejected')),
      [],
    );
  });

  it('counts a removed backend apart from the one that is added while it drains', async () => {
    const [leaves, comes, later] = await mirrors(3);
    assert.ok(leaves && comes && later);
    const { rig, port } = await scene.webRig([leaves.address]);
    const open = async (count: number): Promise<CheckedConversation[]> => {
      const all = await Promise.all(
        Array.from({ length: count }, () => CheckedConversation.open(port, count)),
      );
      await Promise.all(all.map((each) => each.exchange(1_000)));
      return all;
    };
    const old = await open(3);
    const oldRow = rig.rowOf(leaves.address);
    const generation = Atomics.load(rig.shared.generation, oldRow);
    await rig.apply([pool('web'), backend('web', comes.address), web(port)]);
    assert.equal(rig.openAt(comes.address), 0);
    const fresh = await open(2);
    await Promise.all(old.map((each) => each.exchange(500)));
    assert.notEqual(rig.rowOf(comes.address), oldRow);
    assert.deepEqual([rig.openAt(comes.address), rig.shared.open[oldRow]], [2, 3]);
    assert.equal(counterOf(rig, rig.rowOf(comes.address), 'bytesToBackend'), 2_000);
    assert.equal(counterOf(rig, oldRow, 'bytesToBackend'), 4_500);
    await Promise.all(old.map((each) => each.end()));
    await until('the old ones to be counted out', () => rig.shared.open[oldRow] === 0);
    // Its row is taken back with one plan, and given out with the next.
    await rig.apply([pool('web'), backend('web', comes.address), web(port)]);
    await rig.apply([pool('web'), backend('web', later.address), backend('web', comes.address), web(port)]);
    assert.equal(rig.rowOf(later.address), oldRow);
    assert.equal(Atomics.load(rig.shared.generation, oldRow), generation + 1);
    assert.deepEqual([rig.openAt(later.address), rig.openAt(comes.address)], [0, 2]);
    assert.equal(counterOf(rig, oldRow, 'connections'), 0);
    await Promise.all(fresh.map((each) => each.end()));
  });
});

describe('listeners that come and go', () => {
  it('break no connection, and close no socket that a worker accepts on', async () => {
    const [mirror] = await mirrors(1);
    assert.ok(mirror);
    const { rig, port } = await scene.webRig([mirror.address]);
    const others = [await freePort(), await freePort(), await freePort()];
    const always = [pool('web'), backend('web', mirror.address), web(port)];
    const old = await Promise.all(Array.from({ length: 20 }, () => CheckedConversation.open(port, 1)));
    const comers = new Visitors();
    scene.onClear(() => comers.stop());
    const talk = async (conversation: CheckedConversation) => {
      for (let turn = 0; turn < 5; turn++) await conversation.exchange(2_000);
    };
    comers.come(port, 8, talk);
    for (const other of others) comers.come(other, 3, talk, true);
    for (let round = 0; round < ROUNDS; round++) {
      const servedBefore = comers.visits;
      const now = others.filter((_, index) => (round + index) % 3 !== 0);
      await rig.apply([
        ...always,
        ...now.map((at) => listener(`at-${at}-${round}`, `127.0.0.1:${at}`, 'web')),
      ]);
      await rig.apply(always);
      for (const conversation of old) await conversation.exchange(100);
      await until('others to be served', () => comers.visits > servedBefore + 5);
    }
    await comers.stop();
    assert.deepEqual([...comers.failures, ...comers.resets], []);
    for (const conversation of old) await conversation.end();
    // A worker says so when a socket that it accepts on was closed under it.
    assert.deepEqual(rig.events, []);
    await until('all connections to close', () => rig.connections === 0);
  });

  for (const engine of ['epoll', 'portable'] as const) {
    for (const [end, order] of [
      ['it was removed', (rig: TrafficRig, at: string) => rig.apply([pool('web'), backend('web', at)])],
      ['the proxy stopped', (rig: TrafficRig) => rig.applier.stopAccepting()],
    ] as const) {
      it(`serves whoever waited in its backlog when ${end} while the workers were busy, ${engine} engine`, async () => {
        const one = await scene.echo('one');
        const { rig, port } = await scene.webRig([one.address], { engine });
        const releases = [rig.hold(0), rig.hold(1)];
        const isBusy = () => rig.events.filter((event) => event.endsWith('stuck')).length === 2;
        await until('both workers to be busy', isBusy);
        const waiting = await Promise.all(Array.from({ length: WAITING }, () => scene.client(port)));
        const answers = Promise.all(waiting.map((socket) => ask(socket, 'hi')));
        const ended = order(rig, one.address);
        for (const release of releases) release();
        await ended;
        assert.deepEqual(new Set(await answers), new Set(['one:hi']));
        assert.equal(rig.connections, WAITING);
      });
    }
  }
});

describe('workers under traffic', () => {
  for (const state of ['removed', 'draining', 'disabled'] as const) {
    it(`a ${state} backend gets no new connection once the plan is applied, attempts under way included`, async () => {
      const stays = await scene.echo('stays');
      const silent = await silentServer();
      scene.onClear(() => silent.close());
      const silentAddress = `127.0.0.1:${silent.port}`;
      const rig = await scene.rig();
      const port = await freePort();
      await rig.apply([pool('web'), backend('web', silentAddress), web(port)]);
      const stuck = await Promise.all(Array.from({ length: 8 }, () => scene.client(port)));
      const answers = stuck.map((socket) => ask(socket, 'hi'));
      await until('all to be connecting', () => rig.openAt(silentAddress) === 8);
      const row = rig.rowOf(silentAddress);
      const left = state === 'removed' ? [] : [backend('web', silentAddress, 1, state)];
      await rig.apply([pool('web'), ...left, backend('web', stays.address), web(port)]);
      assert.equal(Atomics.load(rig.shared.open, row), 0, 'no attempt goes on');
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(['stays:hi']));
      const later = await Promise.all(Array.from({ length: 8 }, () => scene.client(port)));
      assert.deepEqual(
        new Set(await Promise.all(later.map((socket) => ask(socket, 'later')))),
        new Set(['stays:later']),
      );
      assert.equal(Atomics.load(rig.shared.open, row), 0);
    });
  }

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
    rig.pool.closeBackend(row, generation + 1, 'drain_deadline', 1);
    assert.equal(await ask(socket, 'again'), 'one:again', 'another generation is another backend');
    const end = readAll(socket);
    rig.pool.closeBackend(row, generation, 'drain_deadline', 1);
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
