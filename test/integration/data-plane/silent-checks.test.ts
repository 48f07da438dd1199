/** The health monitor with real sockets: a thousand backends at which no connect ever ends. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { systemClock } from '../../../core/runtime/clock.ts';
import { systemRandom } from '../../../core/runtime/random.ts';
import { epollChecker } from '../../../data-plane/health/epoll-checker.ts';
import { HealthChanges } from '../../../data-plane/health/health-changes.ts';
import { HealthMonitor } from '../../../data-plane/health/health-monitor.ts';
import { createBuffers, sharedCells } from '../../../data-plane/memory/shared-memory.ts';
import { RawListener } from '../../../harness/engine/raw-socket.ts';
import { dial, startEcho, until } from '../../../harness/engine/tcp.ts';
import { poolOf } from '../../../harness/proxy/health-rig.ts';

const SILENT = 1_000;
const PATIENT = { intervalMs: 60_000, timeoutMs: 60_000 };

it('finds what is up and what goes down while the checks of 1,000 silent backends are all under way', async (t) => {
  const listener = new RawListener(0, 0, Uint8Array.of(0, 0, 0, 0));
  // Linux queues one connection more than the backlog says, and then drops further ones.
  const waiting = await dial(listener.port);
  const [beside, other] = [await startEcho('beside'), await startEcho('other')];
  const told: string[] = [];
  const changes = new HealthChanges();
  changes.subscribe((change) => {
    if (change.type === 'transition') told.push(`${change.pool} ${change.to}`);
  });
  let running = 0;
  const checker = epollChecker(systemClock, []);
  const monitor = new HealthMonitor({
    onPoolMoved: () => {},
    shared: sharedCells(createBuffers(1)),
    checker: {
      check(target, check, done) {
        running += 1;
        return checker.check(target, check, (result) => {
          running -= 1;
          done(result);
        });
      },
    },
    atOnce: 2_500,
    clock: systemClock,
    random: systemRandom,
    changes,
  });
  t.after(() => {
    monitor.close();
    waiting.destroy();
    listener.close();
    beside.stop();
    other.stop();
  });
  const silent = Array.from({ length: SILENT }, (_, at) => {
    const host = `127.20.${Math.floor(at / 250)}.${1 + (at % 250)}`;
    return { row: 10 + at, host, port: listener.port };
  });
  const pools = [
    poolOf('large', 0, [...silent, { row: 0, port: beside.port }], PATIENT),
    poolOf('small', 1, [{ row: 1, port: other.port }], {
      intervalMs: 200,
      timeoutMs: 200,
      unhealthyThreshold: 2,
    }),
  ];
  monitor.update({ pools, listeners: [], ownBackends: [] });
  await until('both that answer to be healthy', () => told.length === 2);
  assert.deepEqual(told.toSorted(), ['large healthy', 'small healthy']);
  await until('all silent ones to be under check', () => running >= SILENT);
  other.stop();
  await until('the one that went down to be found', () => told.length === 3);
  assert.equal(told.at(-1), 'small unhealthy');
});
