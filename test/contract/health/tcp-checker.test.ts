import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { POLICY_DEFAULTS } from '../../../core/model/defaults.ts';
import { type Clock, systemClock } from '../../../core/runtime/clock.ts';
import { checkerByType } from '../../../data-plane/health/checker-by-type.ts';
import type { Checker, CheckResult, CheckTarget } from '../../../data-plane/health/checker.ts';
import { epollChecker } from '../../../data-plane/health/epoll-checker.ts';
import { tcpChecker } from '../../../data-plane/health/tcp-checker.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { libcOrFail } from '../../../harness/engine/libc.ts';
import { RawListener } from '../../../harness/engine/raw-socket.ts';
import { silentServer } from '../../../harness/engine/silent-server.ts';

type MakeChecker = (clock: Clock, sourceAddresses: readonly string[]) => Checker;

const CHECKERS: Readonly<Record<string, MakeChecker>> = {
  'Node’s sockets alone': (clock, sources) => tcpChecker(clock, sources, null),
  'Node’s sockets and the C library': (clock, sources) => tcpChecker(clock, sources, libcOrFail()),
  'the calls of the epoll engine': epollChecker,
  'the calls of the epoll engine, chosen by type': (clock, sources) =>
    checkerByType({ engine: 'epoll', libc: null, clock, sourceAddresses: sources }),
};

/** The kernel puts the last acknowledgement of a handshake off for 200 ms at most, and less than this never. */
const SURELY_PUT_OFF_MS = 100;

async function listen(host = '127.0.0.1'): Promise<{ server: Server; port: number }> {
  // Checks end with a reset, which the socket here reports as an error.
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, host);
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** The addresses, as the kernel writes them, from which this machine has connected to a port of its own. */
function addressesTowards(port: number): string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const pattern = new RegExp(`: ([0-9A-F]{8}):[0-9A-F]{4} [0-9A-F]{8}:${hex} 01 `, 'g');
  return Array.from(readFileSync('/proc/net/tcp', 'utf8').matchAll(pattern), ([, address]) => address ?? '');
}

/** Blocks until the kernel has so many connections to a port of this machine. */
function waitUntilEstablished(port: number, count: number): void {
  const until = performance.now() + 10_000;
  while (addressesTowards(port).length < count) {
    assert.ok(performance.now() < until, `${addressesTowards(port).length} connections`);
  }
}

function resultOf(checker: Checker, target: CheckTarget, timeoutMs: number): Promise<CheckResult> {
  return new Promise(
    (resolve) => void checker.check(target, { ...POLICY_DEFAULTS.healthCheck, timeoutMs }, resolve),
  );
}

for (const [name, checkerOn] of Object.entries(CHECKERS))
  describe(`a TCP checker on ${name}`, () => {
    const checker = checkerOn(systemClock, []);

    const checkOnce = (port: number, timeoutMs: number) =>
      resultOf(checker, { host: '127.0.0.1', port }, timeoutMs);
    const checkFrom = (sources: readonly string[], port: number) =>
      resultOf(checkerOn(systemClock, sources), { host: '127.0.0.1', port }, 5_000);

    for (const host of ['127.0.0.1', '::1']) {
      it(`passes where it can connect: ${host}`, async () => {
        const { server, port } = await listen(host);
        assert.deepEqual(await resultOf(checker, { host, port }, 5_000), { type: 'passed' });
        server.close();
      });
    }

    it('ends a connection that was accepted with a reset', async () => {
      const listener = new RawListener();
      const result = checkOnce(listener.port, 30_000);
      // Node connects in the next tick. After that this process stands still until the handshake is over.
      await new Promise<void>((resolve) => process.nextTick(resolve));
      let accepted = listener.accept();
      const until = performance.now() + 10_000;
      while (!accepted && performance.now() < until) accepted = listener.accept();
      assert.deepEqual(await result, { type: 'passed' });
      assert.equal(accepted?.receive(Buffer.alloc(1)), -constants.errno.ECONNRESET);
      accepted.close();
      listener.close();
    });

    it('fails where it is refused, in words', async () => {
      const { server, port } = await listen();
      server.close();
      await once(server, 'close');
      assert.deepEqual(await checkOnce(port, 5_000), { type: 'failed', reason: 'connection refused' });
    });

    it('passes after a pause of the process that outlasted the deadline, if the answer had come', async () => {
      const { server, port } = await listen();
      const result = checkOnce(port, 50);
      const until = performance.now() + 200;
      while (performance.now() < until);
      assert.deepEqual(await result, { type: 'passed' });
      server.close();
    });

    it('leaves no descriptor behind, whether its checks pass or run into their deadline', async () => {
      const { server: open, port } = await listen();
      const silent = await silentServer();
      const descriptors = () => readdirSync('/proc/self/fd').length;
      // Sockets that were destroyed are closed before the next turn of the event loop.
      const nextTurn = () => new Promise((resolve) => setImmediate(resolve));
      await checkOnce(port, 5_000);
      const before = descriptors();
      for (let n = 0; n < 100; n++) assert.equal((await checkOnce(port, 5_000)).type, 'passed');
      await nextTurn();
      const between = descriptors();
      // The server may not have got the reset of the newest checks yet.
      assert.ok(between < before + 50, `${before} descriptors before, ${between} after`);
      await Promise.all(Array.from({ length: 20 }, () => resultOf(checker, silent, 50)));
      await nextTurn();
      assert.ok(descriptors() <= between, `${between} descriptors before, ${descriptors()} after`);
      open.close();
      await silent.close();
    });

    it('fails at the deadline, and says what it was', async () => {
      const server = await silentServer();
      const clock = new FakeClock();
      const result = resultOf(checkerOn(clock, []), server, 1_500);
      clock.advance(1_500);
      assert.deepEqual(await result, { type: 'failed', reason: 'timed out after 1s500ms' });
      await server.close();
    });

    it('proves nothing when the deadline itself came late by more than a quarter', async () => {
      const server = await silentServer();
      for (const [lateMs, type] of [
        [240, 'failed'],
        [260, 'inconclusive'],
      ] as const) {
        const clock = new FakeClock();
        const result = resultOf(checkerOn(clock, []), server, 1_000);
        clock.stall(1_000 + lateMs);
        clock.advance(0);
        assert.equal((await result).type, type);
      }
      await server.close();
    });

    for (const sources of [['127.0.0.2'], ['::1', '127.0.0.2', '127.0.0.3']]) {
      it(`comes from the first fitting one of ${sources.join(', ')}`, async () => {
        const { server, port } = await listen();
        const result = checkFrom(sources, port);
        await new Promise<void>((resolve) => process.nextTick(resolve));
        assert.deepEqual(addressesTowards(port), ['0200007F']);
        assert.deepEqual(await result, { type: 'passed' });
        server.close();
      });
    }

    it('comes from anywhere when no source address is of the backend’s family', async () => {
      const { server, port } = await listen();
      assert.deepEqual(await checkFrom(['::1'], port), { type: 'passed' });
      server.close();
    });

    it('says in words when there is no way to an address', async () => {
      // The broadcast address: no TCP goes there.
      const result = await resultOf(checker, { host: '255.255.255.255', port: 9 }, 5_000);
      assert.equal(result.type, 'failed');
      assert.match(
        result.type === 'failed' ? result.reason : '',
        /network unreachable|not permitted by this host/,
      );
    });

    it('answers each of many that run at once, and of those that are cancelled nothing', async () => {
      const { server, port } = await listen();
      const closed = await listen();
      closed.server.close();
      await once(closed.server, 'close');
      const silent = await silentServer();
      const ask = async (target: CheckTarget) =>
        (await resultOf(checker, target, target === silent ? 300 : 30_000)).type;
      for (let n = 0; n < 50; n++) {
        checker
          .check({ host: '127.0.0.1', port }, POLICY_DEFAULTS.healthCheck, () => assert.fail('called'))
          .cancel();
      }
      const answers = await Promise.all(
        Array.from({ length: 150 }, (_, n) =>
          ask(n % 3 === 0 ? silent : { host: '127.0.0.1', port: n % 3 === 1 ? port : closed.port }),
        ),
      );
      const wanted = ['failed', 'passed', 'failed'];
      assert.deepEqual(
        answers,
        answers.map((_, n) => wanted[n % 3]),
      );
      server.close();
      await silent.close();
    });
  });

for (const name of ['Node’s sockets and the C library', 'the calls of the epoll engine'])
  describe(`a TCP checker on ${name}, seen from the server`, () => {
    it('is over before the server’s program could accept a connection', async () => {
      const listener = new RawListener();
      const checker = CHECKERS[name]!(systemClock, []);
      const target = { host: '127.0.0.1', port: listener.port };
      for (let prompt = 0, tries = 0; prompt < 20; tries++) {
        assert.ok(tries < 1_000, 'this machine stands still all the time');
        const startedMs = performance.now();
        const result = await resultOf(checker, target, 5_000);
        assert.deepEqual(result, { type: 'passed' });
        const wasPrompt = performance.now() - startedMs < SURELY_PUT_OFF_MS;
        const accepted = listener.accept();
        accepted?.close();
        // A check that found this process standing still shows nothing.
        if (!wasPrompt) continue;
        assert.equal(accepted, null);
        prompt += 1;
      }
      listener.close();
    });
  });

describe('a TCP checker on the calls of the epoll engine, with several source addresses', () => {
  it('takes the next one when one has no port', async () => {
    const { server, port } = await listen();
    const checker = epollChecker(systemClock, ['192.0.2.1', '127.0.0.3']);
    const target = { host: '127.0.0.1', port };
    const result = resultOf(checker, target, 5_000);
    assert.deepEqual(addressesTowards(port), ['0300007F']);
    assert.deepEqual(await result, { type: 'passed' });
    server.close();
  });
});

describe('a TCP checker on the calls of the epoll engine, at a deadline', () => {
  it('passes if the answer had come, however many others were answered before', async () => {
    const { server, port } = await listen();
    const target = { host: '127.0.0.1', port };
    const clock = new FakeClock();
    const checker = epollChecker(clock, []);
    const answers = Array.from({ length: 200 }, () => resultOf(checker, target, 5_000));
    const last = resultOf(checker, target, 1_000);
    // All in one turn of Node's loop, so that nobody has looked before.
    waitUntilEstablished(port, 201);
    clock.advance(1_000);
    server.close();
    for (const result of await Promise.all([last, ...answers])) assert.deepEqual(result, { type: 'passed' });
  });
});
