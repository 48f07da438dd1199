/** Listening sockets of a proxy: taken ports, wildcards, overlaps, and hosts without FFI. */
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { freePort } from '../../../harness/free-port.ts';
import { backend, listener, pool } from '../../../harness/snapshots.ts';
import { ask, dial, TcpServer, until } from '../../../harness/engine/tcp.ts';
import { type RigOptions, Scene } from '../../../harness/worker/traffic-rig.ts';

const scene = new Scene();
afterEach(() => scene.clear());

async function rigWithPool(options: RigOptions = {}) {
  const rig = await scene.rig(options);
  const server = await scene.echo('echo');
  const web = [pool('web'), backend('web', server.address)];
  return {
    rig,
    /** Applies listeners by name and address. */
    listenOn: (addresses: Readonly<Record<string, string>>) =>
      rig.apply([
        ...web,
        ...Object.entries(addresses).map(([name, address]) => listener(name, address, 'web')),
      ]),
  };
}

async function answers(port: number, host = '127.0.0.1'): Promise<string> {
  try {
    const socket = await dial(port, host);
    scene.onClear(() => socket.destroy());
    return await ask(socket, 'hi');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Clients that connect all the time, and what became of those that were not answered. */
class Callers {
  served = 0;
  readonly failures: string[] = [];
  #isStopping = false;
  readonly #lanes: Promise<void>[];

  constructor(port: number, lanes = 16) {
    this.#lanes = Array.from({ length: lanes }, () => this.#lane(port));
    scene.onClear(() => this.stop());
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#lanes);
  }

  async more(count: number): Promise<void> {
    const target = this.served + this.failures.length + count;
    await until('more calls', () => this.served + this.failures.length >= target);
  }

  async #lane(port: number): Promise<void> {
    while (!this.#isStopping) {
      try {
        const socket = await dial(port);
        const answer = await ask(socket, 'hi');
        socket.resetAndDestroy();
        if (answer === 'echo:hi') this.served += 1;
        else this.failures.push(answer);
      } catch (error) {
        this.failures.push(String(error));
      }
    }
  }
}

const HOSTS: readonly (RigOptions & { readonly name: string })[] = [
  { name: 'listeners, epoll engine', engine: 'epoll' },
  { name: 'listeners, portable engine', engine: 'portable' },
  { name: 'listeners without the C library', engine: 'portable', withoutLibc: true },
];

for (const { name, ...host } of HOSTS) {
  describe(name, () => {
    it('a taken port fails that listener alone, and it binds by itself once the port is free', async () => {
      const { rig, listenOn } = await rigWithPool(host);
      const blocker = await TcpServer.start((socket) => socket.destroy());
      const free = await freePort();
      const failed = await listenOn({ good: `127.0.0.1:${free}`, bad: `127.0.0.1:${blocker.port}` });
      assert.deepEqual(
        failed.map(({ listener, address }) => [listener, address]),
        [['bad', blocker.address]],
      );
      assert.match(failed[0]?.reason ?? '', /EADDRINUSE/);
      assert.equal(await answers(free), 'echo:hi');
      await rig.applier.retryFailed();
      assert.equal(rig.failed, null, 'nothing has changed yet');
      blocker.stop();
      await until('the listener to bind by itself', () => rig.failed?.length === 0);
      assert.equal(await answers(blocker.port), 'echo:hi');
    });

    it('a listener that is removed refuses, and answers again when it comes back', async () => {
      const { listenOn } = await rigWithPool(host);
      const [one, two] = [await freePort(), await freePort()];
      await listenOn({ one: `127.0.0.1:${one}`, two: `127.0.0.1:${two}` });
      await listenOn({ one: `127.0.0.1:${one}` });
      assert.equal(await answers(one), 'echo:hi');
      let refused = await answers(two);
      for (let look = 0; look < 100 && refused !== 'ECONNREFUSED'; look++) refused = await answers(two);
      assert.equal(refused, 'ECONNREFUSED');
      assert.deepEqual(await listenOn({ one: `127.0.0.1:${one}`, two: `127.0.0.1:${two}` }), []);
      assert.equal(await answers(two), 'echo:hi');
    });
  });
}

describe('a socket that gives way to another', () => {
  for (const engine of ['epoll', 'portable'] as const) {
    it(`refuses and resets no client while its address is widened and narrowed, ${engine} engine`, async () => {
      const { listenOn, rig } = await rigWithPool({ engine });
      const port = await freePort();
      await listenOn({ web: `127.0.0.1:${port}` });
      const callers = new Callers(port);
      for (const host of ['0.0.0.0', '127.0.0.1', '[::]', '0.0.0.0', '[::]', '127.0.0.1']) {
        await callers.more(300);
        assert.deepEqual(await listenOn({ web: `${host}:${port}` }), []);
      }
      await callers.more(300);
      await callers.stop();
      assert.deepEqual([callers.failures, rig.events], [[], []]);
    });
  }

  it('resets no client when its proxy stops and another one shares the address', async () => {
    const port = await freePort();
    const stays = await rigWithPool({ shareListeners: true });
    await stays.listenOn({ web: `127.0.0.1:${port}` });
    const callers = new Callers(port);
    for (let round = 0; round < 3; round++) {
      const leaves = await rigWithPool({ shareListeners: true });
      await leaves.listenOn({ web: `127.0.0.1:${port}` });
      await callers.more(500);
      await leaves.rig.applier.stopAccepting();
      await until('its clients to leave', () => leaves.rig.connections === 0);
      await leaves.rig.stop();
    }
    await callers.more(300);
    await callers.stop();
    assert.deepEqual(callers.failures, []);
  });

  it('says that clients are refused for a moment where the C library cannot be called', async () => {
    const { listenOn, rig } = await rigWithPool({ engine: 'portable', withoutLibc: true });
    const port = await freePort();
    await listenOn({ web: `127.0.0.1:${port}` });
    await listenOn({ web: `0.0.0.0:${port}` });
    assert.deepEqual(rig.events, [`gap 127.0.0.1:${port} 0.0.0.0:${port}`]);
    assert.equal(await answers(port, '127.0.0.2'), 'echo:hi');
  });
});

describe('listeners on wildcards', () => {
  it('[::] takes IPv4 too', async () => {
    const { listenOn } = await rigWithPool();
    const port = await freePort();
    assert.deepEqual(await listenOn({ any: `[::]:${port}` }), []);
    assert.equal(await answers(port, '127.0.0.1'), 'echo:hi');
    assert.equal(await answers(port, '::1'), 'echo:hi');
  });

  it('one address replaces a wildcard on its port, and the other way round', async () => {
    const { listenOn } = await rigWithPool();
    const port = await freePort();
    assert.deepEqual(await listenOn({ web: `0.0.0.0:${port}` }), []);
    assert.deepEqual(await listenOn({ web: `127.0.0.1:${port}` }), []);
    assert.equal(await answers(port), 'echo:hi');
    assert.deepEqual(await listenOn({ web: `0.0.0.0:${port}` }), []);
    assert.equal(await answers(port, '127.0.0.2'), 'echo:hi');
  });

  it('an address that this host does not have fails in words', async () => {
    const { listenOn } = await rigWithPool();
    const [failed] = await listenOn({ web: `192.0.2.1:${await freePort()}` });
    assert.equal(failed?.reason, 'EADDRNOTAVAIL: this host has no such IP address');
  });
});
