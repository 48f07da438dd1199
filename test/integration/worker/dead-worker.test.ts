/**
 * What a worker that dies under traffic leaves behind: nothing, after a moment. Its listening sockets outlive it: no client
 * in a queue is lost. And how a process with workers ends.
 */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { CLOSE_REASONS } from '../../../core/wire/close-reasons.ts';
import { CONTROL } from '../../../data-plane/memory/shared-memory.ts';
import { CheckedConversation, startMirror } from '../../../harness/engine/checked-conversation.ts';
import { backend, pool } from '../../../harness/snapshots.ts';
import { type TcpServer, ask, until, within } from '../../../harness/engine/tcp.ts';
import { run } from '../../../harness/programs/processes.ts';
import { Scene, type TrafficRig, web } from '../../../harness/worker/traffic-rig.ts';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { byRunLength } from '../../../harness/run-length.ts';

const WORKER_LOST = CLOSE_REASONS.indexOf('worker_lost');

/** How each of a server's connections ended, by code; an orderly end is `end`. */
function endsAt(server: TcpServer): string[] {
  const ends: string[] = [];
  for (const socket of server.sockets) {
    socket.once('end', () => ends.push('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => ends.push(error.code ?? error.message));
  }
  return ends;
}

/** Each exchanges bytes until it is stopped, or ends. */
function keepTalking(all: readonly CheckedConversation[]): { stop(): Promise<void> } {
  let stopping = false;
  const talk = async (conversation: CheckedConversation): Promise<void> => {
    while (!stopping && conversation.how === null) await conversation.exchange(3_000).catch(() => {});
  };
  const talks = all.map(talk);
  return {
    async stop() {
      stopping = true;
      await Promise.all(talks);
    },
  };
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

async function conversations(scene: Scene, port: number, count: number): Promise<CheckedConversation[]> {
  const all = await Promise.all(
    Array.from({ length: count }, (_, seed) => CheckedConversation.open(port, seed)),
  );
  for (const { socket } of all) scene.onClear(() => socket.destroy());
  await Promise.all(all.map((conversation) => conversation.exchange(100)));
  return all;
}

/** Ends the first worker's thread, and waits for the next one. */
async function kill(rig: TrafficRig, how: 'terminate' | 'throw' | 'loop'): Promise<void> {
  const first = rig.threads[0];
  if (how !== 'terminate') rig.sabotage(0, how);
  if (how !== 'throw') await first?.terminate();
  await until('the replacement', () => rig.threads[0] !== first);
}

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

const scene = new Scene();
afterEach(() => scene.clear());

describe('a dead worker', () => {
  it('is replaced, and the others are untouched', async () => {
    const one = await scene.echo('one');
    const { rig, port } = await scene.webRig([one.address]);
    const sockets = await Promise.all(Array.from({ length: 30 }, () => scene.client(port)));
    await Promise.all(sockets.map((socket) => ask(socket, 'hi')));
    const lost = rig.workers[0]?.listenerOpen[0] ?? 0;
    assert.ok(lost > 0 && lost < 30, `${lost} of 30 are the first worker's`);
    await kill(rig, 'throw');
    assert.equal(rig.connections, 30 - lost);
    assert.equal(rig.openAt(one.address), 30 - lost);
    assert.equal(rig.workers[0]?.backendOpen[rig.rowOf(one.address)], 0);
    assert.equal(rig.workers[0]?.worker[WORKER_LOST], lost);
    assert.deepEqual(rig.events, [`lost 0 ${lost}: thrown, as the test asked`]);
    assert.deepEqual(rig.pool.restarts, [1, 0]);
    // Until it accepts on its own sockets again, the other one does.
    while ((rig.workers[0]?.listenerOpen[0] ?? 0) === 0) {
      assert.equal(await ask(await scene.client(port), 'hi'), 'one:hi');
    }
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

  for (const how of ['terminate', 'throw', 'loop'] as const) {
    it(`resets its clients and its backends, and no byte of another worker's connections is lost: ${how}`, async () => {
      const mirror = await startMirror();
      scene.onClear(() => mirror.stop());
      const { rig, port } = await scene.webRig([mirror.address]);
      const all = await conversations(scene, port, 30);
      const lost = rig.workers[0]?.listenerOpen[0] ?? 0;
      assert.ok(lost > 0 && lost < 30, `${lost} of 30 are the first worker's`);
      const backends = endsAt(mirror);
      const traffic = keepTalking(all);
      await kill(rig, how);
      await until('the clients to be reset', () => all.filter((each) => each.how !== null).length === lost);
      await until('the backends to be reset', () => backends.length === lost);
      await traffic.stop();
      const survivors = all.filter(({ how: end }) => end === null);
      for (const survivor of survivors) await survivor.exchange(50_000);
      assert.deepEqual(new Set(all.map(({ how: end }) => end)), new Set([null, 'ECONNRESET']));
      assert.deepEqual(new Set(backends), new Set(['ECONNRESET']));
      assert.deepEqual(
        all.map(({ corruption }) => corruption).filter((each) => each !== null),
        [],
      );
      for (const survivor of survivors) await survivor.end();
      await until('the survivors to be closed', () => rig.connections === 0);
    });
  }

  it('leaves no descriptor behind, however often it dies', async () => {
    const mirror = await startMirror();
    scene.onClear(() => mirror.stop());
    const { rig, port } = await scene.webRig([mirror.address]);
    const deaths = async (count: number): Promise<void> => {
      for (let death = 0; death < count; death++) {
        const all = await conversations(scene, port, 20);
        await kill(rig, 'terminate');
        await Promise.all(all.filter(({ how }) => how === null).map((each) => each.end().catch(() => {})));
        await until('no connection to be open', () => rig.connections === 0);
        await until('all sockets to be gone', () => mirror.sockets.every(({ destroyed }) => destroyed));
        // Node leaks the files that a thread is loading when it is ended, so it must have started. The descriptor of its
        // event loop comes last.
        await until('the replacement to run', () => rig.workers[0]?.epoll[0] !== 0);
      }
    };
    // What is opened once and for all is open after the first one.
    await deaths(1);
    const before = openDescriptors();
    await deaths(3);
    await until(`no more descriptors than ${before}`, () => openDescriptors() <= before);
  });

  it('lets clients in the queues of its sockets be served, and resets none', async () => {
    const one = await scene.echo('one');
    const { rig, port } = await scene.webRig([one.address]);
    for (let death = 0; death < 3; death++) {
      const accepted = rig.threads[0];
      rig.sabotage(0, 'loop');
      // Who connects now is accepted by nobody before this worker is gone, or by the other one.
      const isStuck = () => rig.events.filter((event) => event.endsWith('stuck')).length > death;
      await until('the worker to be stuck', isStuck);
      const waiting = await Promise.all(Array.from({ length: 40 }, () => scene.client(port)));
      const answers = waiting.map((socket) => ask(socket, 'hi'));
      await accepted?.terminate();
      assert.deepEqual(new Set(await Promise.all(answers)), new Set(['one:hi']));
      await until('the replacement', () => rig.threads[0] !== accepted);
    }
  });
});

describe('the listening sockets of a worker that is away', () => {
  it('keep their queues when none is left, until the first worker is back', async () => {
    const one = await scene.echo('one');
    const { rig, port } = await scene.webRig([one.address]);
    await Promise.all([endForGood(rig, 0), endForGood(rig, 1)]);
    const answers = await askAll(scene, port, 40);
    rig.keptAway.delete(0);
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(['one:hi']));
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

describe('the queue of a worker that hangs', () => {
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

const PROGRAM = fileURLToPath(new URL('../../../harness/worker/traffic-program.js', import.meta.url));
/** The epoll engine, which waits by itself, has to be woken, and may be caught anywhere in its loop, so each way is tried again. */
const ROUNDS = byRunLength(3, 30);
/** So many at once; more only get into each other's way. */
const SIDE_BY_SIDE = 3;

const WAYS = [
  ['exit', 7],
  ['throw', 1],
  ['reject', 1],
  ['terminate a worker', 7],
  ['throw in a worker', 7],
  ['loop in a worker', 7],
] as const;

async function endOf(how: string): Promise<unknown[]> {
  const child = spawn(process.execPath, [PROGRAM, how], { stdio: ['ignore', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  try {
    const [line] = await within('the connections to be open', once(child.stdout, 'data'));
    assert.equal(String(line), 'open\n');
    return await within('the exit', exited);
  } finally {
    child.kill('SIGKILL');
  }
}

describe('a process with workers and busy connections', () => {
  for (const [how, code] of WAYS) {
    it(`ends with ${code}: ${how}`, async () => {
      let rounds = 0;
      const goOn = async (): Promise<void> => {
        while (rounds < ROUNDS) {
          rounds += 1;
          assert.deepEqual(await endOf(how), [code, null], `round ${rounds}`);
        }
      };
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, goOn));
    });
  }
});
