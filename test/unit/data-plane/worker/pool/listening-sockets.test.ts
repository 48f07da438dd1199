import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { afterEach, describe, it } from 'node:test';
import { freePort } from '../../../../../harness/free-port.ts';
import { ListeningSockets } from '../../../../../data-plane/worker/pool/listening-sockets.ts';
import { libcOrFail } from '../../../../../harness/engine/libc.ts';
import { dial, TcpServer } from '../../../../../harness/engine/tcp.ts';

const libc = libcOrFail();
const cleanups: (() => void)[] = [];

afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

function socketsOf({ shareListeners = false, workerCount = 3, maxSockets = 100 } = {}): ListeningSockets {
  const sockets = new ListeningSockets({
    libc,
    workerCount,
    maxSockets,
    shareListeners,
    movesClients: () => false,
  });
  cleanups.push(() => sockets.closeAll());
  return sockets;
}

async function isOpen(port: number): Promise<boolean> {
  try {
    (await dial(port)).destroy();
    return true;
  } catch {
    return false;
  }
}

describe('listening sockets', () => {
  it('are one a worker, and listen after the commit only', async () => {
    const sockets = socketsOf();
    const port = await freePort();
    const prepared = sockets.prepare([`127.0.0.1:${port}`]);
    assert.equal(await isOpen(port), false);
    assert.equal(sockets.descriptors(`127.0.0.1:${port}`), null);
    prepared.commit();
    assert.equal(await isOpen(port), true);
    const all = sockets.descriptors(`127.0.0.1:${port}`)?.flatMap(({ fds }) => fds);
    assert.equal(new Set(all).size, 3);
  });

  it('leave no descriptor behind after an abort, a failure or their end', async () => {
    const count = (): number => readdirSync('/proc/self/fd').length;
    const blocker = await TcpServer.start((socket) => socket.destroy());
    cleanups.push(() => blocker.stop());
    const port = await freePort();
    const before = count();
    const sockets = socketsOf();
    sockets.prepare([`127.0.0.1:${port}`, blocker.address]).abort();
    assert.equal(count(), before);
    sockets.prepare([`127.0.0.1:${port}`, blocker.address]).commit();
    assert.equal(count(), before + 3);
    sockets.prepare([]).commit();
    assert.equal(count(), before);
    assert.deepEqual([...sockets.failures], []);
  });

  it('find a taken port, though its holder would share it', async () => {
    const [first, second] = [socketsOf(), socketsOf()];
    const address = `127.0.0.1:${await freePort()}`;
    first.prepare([address]).commit();
    second.prepare([address]).commit();
    assert.equal(second.descriptors(address), null);
    assert.deepEqual([...second.failures], [[address, 'EADDRINUSE: another socket holds this address']]);
    first.closeAll();
    second.prepare([address]).commit();
    assert.deepEqual([...second.failures], []);
    assert.equal(second.descriptors(address)?.length, 3);
  });

  for (const workerCount of [1, 3]) {
    it(`find that another process was quicker between the two steps, with ${workerCount} of each`, async () => {
      const port = await freePort();
      for (const [one, other] of [
        [`127.0.0.1:${port}`, `127.0.0.1:${port}`],
        [`0.0.0.0:${port}`, `127.0.0.1:${port}`],
        [`127.0.0.1:${port}`, `[::]:${port}`],
      ] as const) {
        const [first, second] = [socketsOf({ workerCount }), socketsOf({ workerCount })];
        const [earlier, later] = [first.prepare([one]), second.prepare([other])];
        earlier.commit();
        later.commit();
        assert.equal(first.descriptors(one)?.length, workerCount);
        assert.equal(second.descriptors(other), null);
        assert.deepEqual([...second.failures], [[other, 'EADDRINUSE: another socket holds this address']]);
        first.closeAll();
        second.prepare([other]).commit();
        assert.equal(second.descriptors(other)?.length, workerCount);
        second.closeAll();
      }
    });
  }

  it('give each of an address its clients, though the first listens before the others', async () => {
    const sockets = socketsOf({ workerCount: 3 });
    const port = await freePort();
    sockets.prepare([`127.0.0.1:${port}`]).commit();
    const fds = sockets.descriptors(`127.0.0.1:${port}`)?.flatMap((own) => own.fds) ?? [];
    const clients = await Promise.all(Array.from({ length: 90 }, () => dial(port)));
    cleanups.push(() => {
      for (const client of clients) client.destroy();
    });
    const counts = fds.map((fd) => {
      let count = 0;
      for (let client = libc.accept(fd); client >= 0; client = libc.accept(fd)) {
        libc.close(client);
        count += 1;
      }
      return count;
    });
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      90,
    );
    assert.ok(
      counts.every((count) => count > 5),
      counts.join(),
    );
  });

  it('share an address with another process when that is asked for', async () => {
    const [first, second] = [socketsOf({ shareListeners: true }), socketsOf({ shareListeners: true })];
    const address = `127.0.0.1:${await freePort()}`;
    first.prepare([address]).commit();
    second.prepare([address]).commit();
    assert.equal(second.descriptors(address)?.length, 3);
  });

  it('are bound, and let nobody in before the commit that lets them listen', async () => {
    const sockets = socketsOf();
    const [one, other] = [await freePort(), await freePort()];
    const addresses = [`127.0.0.1:${one}`, `127.0.0.1:${other}`];
    const count = (): number => readdirSync('/proc/self/fd').length;
    sockets.prepare(addresses).commit(new Set(addresses));
    assert.deepEqual([await isOpen(one), await isOpen(other)], [false, false]);
    assert.deepEqual(
      addresses.map((address) => sockets.descriptors(address)),
      [null, null],
    );
    sockets.prepare(addresses).commit(new Set(addresses.slice(1)));
    assert.deepEqual([await isOpen(one), await isOpen(other)], [true, false]);
    sockets.prepare(addresses).abort();
    assert.equal(await isOpen(one), true);
    const listening = count();
    for (const closing of [
      () => sockets.prepare(addresses.slice(0, 1)).commit(),
      () => sockets.prepare(addresses).abort(),
    ]) {
      sockets.prepare(addresses).commit(new Set(addresses.slice(1)));
      assert.equal(count(), listening + 3);
      closing();
      assert.equal(count(), listening, 'one that waits is closed when it is no longer wanted');
    }
    sockets.prepare(addresses).commit(new Set(addresses.slice(1)));
    sockets.closeAll();
    assert.equal(count(), listening - 3);
  });

  it('are one a worker and port of a range, all of them or none', async () => {
    const sockets = socketsOf({ workerCount: 2 });
    const range = '127.87.0.1:21510-21512';
    sockets.prepare([range]).commit();
    const lent = sockets.descriptors(range) ?? [];
    assert.deepEqual(
      lent.map(({ fds, firstPort }) => [fds.length, firstPort]),
      [
        [3, 21_510],
        [3, 21_510],
      ],
    );
    for (const { fds } of lent) {
      assert.deepEqual(
        fds.map((fd) => libc.localPort(fd)),
        [21_510, 21_511, 21_512],
      );
    }
    const second = socketsOf();
    second.prepare(['127.87.0.1:21509-21511']).commit();
    assert.deepEqual(
      [...second.failures.values()],
      ['EADDRINUSE: another socket holds this address (port 21510)'],
    );
    assert.equal(second.descriptors('127.87.0.1:21509-21511'), null);
  });

  it('refuse in words what would take more descriptors than listening may', () => {
    const sockets = socketsOf({ workerCount: 2, maxSockets: 10 });
    const [kept, tooMany] = ['127.87.0.1:21520-21523', '127.87.0.1:21530-21531'];
    sockets.prepare([kept, tooMany]).commit();
    assert.equal(sockets.descriptors(kept)?.length, 2);
    assert.deepEqual(
      [...sockets.failures],
      [
        [
          tooMany,
          'it needs 4 sockets, one for each port and worker, and this process may have 2 more of them; raise its limit of open files, or listen on fewer ports',
        ],
      ],
    );
    sockets.prepare([tooMany]).commit();
    assert.deepEqual([...sockets.failures.keys()], [tooMany], 'the others are closed with the commit only');
    sockets.prepare([tooMany]).commit();
    assert.equal(sockets.failures.size, 0);
  });

  it('take IPv4 too on [::], unless they are for IPv6 alone, beside which others take it', async () => {
    const sockets = socketsOf();
    const port = await freePort();
    sockets.prepare([`[::]:${port}`]).commit();
    assert.equal(await isOpen(port), true);
    sockets.prepare([`[::]:${port} ipv6-only`]).commit();
    assert.equal(await isOpen(port), false);
    sockets.prepare([`[::]:${port} ipv6-only`, `0.0.0.0:${port}`]).commit();
    assert.deepEqual([...sockets.failures], []);
    assert.equal(await isOpen(port), true);
  });

  it('stay the same while an address is wanted', async () => {
    const sockets = socketsOf();
    const [kept, dropped] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    sockets.prepare([kept, dropped]).commit();
    const fds = sockets.descriptors(kept);
    sockets.prepare([kept]).commit();
    assert.deepEqual(sockets.descriptors(kept), fds);
    assert.equal(sockets.descriptors(dropped), null);
  });
});
