/**
 * Checks a fleet with the health monitor of a proxy, and prints how late its checks began and what they cost, as JSON:
 * `check-timing.js PORTS SHAPE`, both as JSON (see checked-fleet.ts).
 */
import { completePolicy } from '../../core/model/draft.ts';
import { systemClock } from '../../core/runtime/clock.ts';
import { type Random, systemRandom } from '../../core/runtime/random.ts';
import type { Checker } from '../../data-plane/health/checker.ts';
import { checkerByType } from '../../data-plane/health/checker-by-type.ts';
import { HealthChanges } from '../../data-plane/health/health-changes.ts';
import { HealthMonitor } from '../../data-plane/health/health-monitor.ts';
import { checksAtOnce } from '../../data-plane/host/connection-limit.ts';
import { loadLibc } from '../../data-plane/kernel/libc.ts';
import { createBuffers, sharedCells } from '../../data-plane/memory/shared-memory.ts';
import type { DirectoryPool } from '../../data-plane/plan/plan-directory.ts';
import { checkedFleet, type FleetPorts, type FleetShape } from '../measure/checked-fleet.ts';

const [ports = '{}', shape = '{}'] = process.argv.slice(2).map((text) => JSON.parse(text) as unknown);
const { intervalMs } = shape as FleetShape;

function pools(): readonly DirectoryPool[] {
  const drafts = checkedFleet(ports as FleetPorts, shape as FleetShape);
  const policies = new Map(
    drafts.flatMap((draft) =>
      draft.kind === 'policy' ? [[draft.value.name, completePolicy(draft.value)]] : [],
    ),
  );
  let rows = 0;
  return drafts.flatMap((draft, row) => {
    if (draft.kind !== 'pool') return [];
    const { name } = draft.value;
    const backendsOf = draft.value.backends.map(({ address }) => {
      const [host = '', port] = address.split(':');
      const place = { row: rows++, generation: 1, pool: name, address, host, port: Number(port) };
      return { ...place, weight: 1, tier: 0, maxConnections: 0, state: 'active', leadsBack: null } as const;
    });
    return [{ row, name, policy: policies.get(name)!, queue: null, tls: null, backends: backendsOf }];
  });
}

/** Without jitter, so that a check is due exactly one interval after the one before; first checks are spread all the same. */
let isSpread = true;
const random: Random = { next: () => (isSpread ? systemRandom.next() : 0.5) };
const { libc } = loadLibc();
const checker = checkerByType({ engine: 'epoll', libc, clock: systemClock, sourceAddresses: [] });
const begunMs = new Map<string, number>();
let lateness: number[] = [];
let running = 0;
let mostRunning = 0;
const measured: Checker = {
  check(target, check, done) {
    const key = `${target.host}:${target.port}`;
    const nowMs = performance.now();
    const before = begunMs.get(key);
    begunMs.set(key, nowMs);
    if (before !== undefined) lateness.push((100 * (nowMs - before - intervalMs)) / intervalMs);
    mostRunning = Math.max(mostRunning, ++running);
    return checker.check(target, check, (result) => {
      running -= 1;
      done(result);
    });
  },
};
const monitor = new HealthMonitor({
  onPoolMoved: () => {},
  shared: sharedCells(createBuffers(1)),
  checker: measured,
  atOnce: checksAtOnce(libc?.descriptorLimit() ?? 0),
  clock: systemClock,
  random,
  changes: new HealthChanges(),
});
monitor.update({ pools: pools(), listeners: [], ownBackends: [] });
isSpread = false;
// After two rounds all code is compiled, and everybody's health is known.
setTimeout(() => {
  lateness = [];
  mostRunning = running;
  const cpuBefore = process.cpuUsage();
  setTimeout(() => {
    const { user, system } = process.cpuUsage(cpuBefore);
    const sorted = lateness.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)] ?? Number.NaN;
    const late = { p50: at(0.5), p99: at(0.99), max: at(1) };
    console.log(
      JSON.stringify({ checks: sorted.length, cpuUs: (user + system) / sorted.length, late, mostRunning }),
    );
    process.exit(0);
  }, 2 * intervalMs);
}, 2.2 * intervalMs);
