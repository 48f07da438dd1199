/**
 * A dead backend on this host whose port the kernel also gives to outgoing connections: a connect may meet itself. Runs
 * in a network of its own, with so few local ports that this happens every few connects.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { POLICY_DEFAULTS } from '../../core/model/defaults.ts';
import type { HealthCheck } from '../../core/model/resources.ts';
import { systemClock } from '../../core/runtime/clock.ts';
import type { CheckResult } from '../../data-plane/health/checker.ts';
import { checkerByType } from '../../data-plane/health/checker-by-type.ts';
import { EngineRig } from '../../harness/engine/engine-rig.ts';
import { libcOrFail } from '../../harness/engine/libc.ts';
import { testCalls } from '../../harness/engine/test-calls.ts';
import { TcpServer } from '../../harness/engine/tcp.ts';

const INSIDE = 'SELF_CONNECTION_INSIDE';
const PORTS = [40_000, 40_099] as const;
const DEAD_PORT = 40_050;
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
/** Each local port comes up many times. */
const CONNECTS = 500;
const REFUSED: CheckResult = { type: 'failed', reason: 'connection refused' };

const SET_UP = `ip link set lo up && echo "${PORTS.join(' ')}" > /proc/sys/net/ipv4/ip_local_port_range && exec "$@"`;

/** How often connects without any care would meet themselves. */
function selfConnections(): number {
  const calls = testCalls();
  let count = 0;
  for (let connect = 0; connect < CONNECTS; connect++) {
    const fd = calls.socket(4);
    calls.connect(fd, LOOPBACK, DEAD_PORT);
    if (calls.isItsOwnPeer(fd, DEAD_PORT)) count += 1;
    calls.reset(fd);
  }
  return count;
}

function testInside(): void {
  it('happens here', () => assert.ok(selfConnections() > 0));

  const connecting = { ...POLICY_DEFAULTS.healthCheck, timeoutMs: 30_000 };
  /** A server that echoes passes it, and so does this process itself. */
  const echo: HealthCheck = { ...connecting, type: 'script', script: [{ send: 'x' }, { expect: 'x' }] };
  const clock = systemClock;
  const sourceAddresses: string[] = [];
  const epoll = checkerByType({ engine: 'epoll', libc: null, clock, sourceAddresses });
  const portable = checkerByType({ engine: 'portable', libc: libcOrFail(), clock, sourceAddresses });
  for (const [name, checker, check] of [
    ['epoll engine', epoll, connecting],
    ['Node’s sockets', portable, connecting],
    ['a script', portable, echo],
  ] as const) {
    it(`is no passed health check, ${name}`, async () => {
      const target = { host: '127.0.0.1', port: DEAD_PORT };
      for (let number = 0; number < CONNECTS; number++) {
        const result = await new Promise((resolve) => void checker.check(target, check, resolve));
        assert.deepEqual(result, REFUSED);
      }
    });
  }

  for (const engine of ['epoll', 'portable'] as const) {
    it(`is a refused connect, and the port stays free, ${engine} engine`, async () => {
      const rows = [{ host: '127.0.0.1', port: DEAD_PORT }];
      await EngineRig.run(engine, { rows, attempts: [0] }, [], async (rig) => {
        for (let client = 0; client < CONNECTS; client++) await rig.refusedClient();
        assert.deepEqual(new Set(await rig.closed(CONNECTS)), new Set(['connect_failed']));
        const errnos = rig.of('failed').map(({ errno }) => errno);
        assert.deepEqual(new Set(errnos), new Set([constants.errno.ECONNREFUSED]));
        (await TcpServer.start(() => {}, DEAD_PORT)).stop();
      });
    });
  }
}

describe('a connection to itself', () => {
  if (process.env[INSIDE] !== undefined) return testInside();
  const inNetwork = (...command: string[]) =>
    spawnSync('unshare', ['-rn', 'sh', '-c', SET_UP, 'sh', ...command], {
      encoding: 'utf8',
      env: { ...process.env, [INSIDE]: '1', NODE_TEST_CONTEXT: undefined },
    });
  const trial = inNetwork('true');
  const skip = trial.status === 0 ? false : 'this user may not have a network of its own (unshare -rn)';
  it('is a failed connect, for engines and health checks', { skip }, () => {
    const { status, stdout, stderr } = inNetwork(process.execPath, '--test', fileURLToPath(import.meta.url));
    assert.equal(status, 0, `${stdout}${stderr}`);
  });
});
