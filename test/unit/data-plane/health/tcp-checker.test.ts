import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { describe, it } from 'node:test';
import { systemClock } from '../../../../core/runtime/clock.ts';
import type { CheckResult } from '../../../../data-plane/health/checker.ts';
import { tcpChecker } from '../../../../data-plane/health/tcp-checker.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { silentServer } from '../../../harness/silent-server.ts';

const checker = tcpChecker(systemClock);

async function listen(): Promise<{ server: Server; port: number }> {
  // Checks end with a reset, which the socket here reports as an error.
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

function checkOnce(port: number, timeoutMs: number): Promise<CheckResult> {
  return new Promise((resolve) => void checker.check({ host: '127.0.0.1', port }, timeoutMs, resolve));
}

describe('TCP checker', () => {
  it('passes where a connection is accepted, and ends it with a reset', async () => {
    const { server, port } = await listen();
    const ended = new Promise<string>((resolve) => {
      server.once('connection', (socket) => {
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
        socket.on('end', () => resolve('an orderly end'));
        socket.resume();
      });
    });
    assert.deepEqual(await checkOnce(port, 5_000), { type: 'passed' });
    assert.equal(await ended, 'ECONNRESET');
    server.close();
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

  it('holds no descriptor once the deadline has passed', async () => {
    const server = await silentServer();
    const descriptors = () => readdirSync('/proc/self/fd').length;
    const before = descriptors();
    await Promise.all(
      Array.from({ length: 20 }, () => {
        return new Promise((resolve) => void checker.check(server, 50, resolve));
      }),
    );
    // Sockets that were destroyed are closed before the next turn of the event loop.
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(descriptors() <= before, `${before} descriptors before, ${descriptors()} after`);
    await server.close();
  });

  it('fails at the deadline, and says what it was', async () => {
    const server = await silentServer();
    const clock = new FakeClock();
    const result = new Promise<CheckResult>((resolve) => {
      tcpChecker(clock).check(server, 1_500, resolve);
    });
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
      const result = new Promise<CheckResult>((resolve) => {
        tcpChecker(clock).check(server, 1_000, resolve);
      });
      clock.stall(1_000 + lateMs);
      clock.advance(0);
      assert.equal((await result).type, type);
    }
    await server.close();
  });

  it('says nothing any more once it is cancelled', async () => {
    const { server, port } = await listen();
    const running = checker.check({ host: '127.0.0.1', port }, 5_000, () => assert.fail('called'));
    running.cancel();
    assert.deepEqual(await checkOnce(port, 5_000), { type: 'passed' });
    server.close();
  });
});
