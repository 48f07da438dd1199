/** A health monitor with a fake clock, a fake checker and directories made by hand. */
import { POLICY_DEFAULTS } from '../../core/model/defaults.ts';
import type { BackendState, HealthCheck, Policy } from '../../core/model/resources.ts';
import { seededRandom } from '../../core/runtime/random.ts';
import { HealthChanges } from '../../data-plane/health/health-changes.ts';
import { HealthMonitor } from '../../data-plane/health/health-monitor.ts';
import type { DirectoryBackend, DirectoryPool } from '../../data-plane/plan/plan-directory.ts';
import { createBuffers, HEALTH, sharedCells } from '../../data-plane/memory/shared-memory.ts';
import type { Checker, CheckResult, CheckTarget, RunningCheck } from '../../data-plane/health/checker.ts';
import { FakeClock } from '../fake-clock.ts';

interface Pending {
  readonly target: CheckTarget;
  readonly done: (result: CheckResult) => void;
}

/** A checker whose results a test gives, one check at a time. */
class FakeChecker implements Checker {
  /** Checks under way, in the order they began. */
  readonly running: Pending[] = [];
  started = 0;
  mostRunning = 0;

  check(target: CheckTarget, _check: HealthCheck, done: (result: CheckResult) => void): RunningCheck {
    const pending = { target, done };
    this.running.push(pending);
    this.started++;
    this.mostRunning = Math.max(this.mostRunning, this.running.length);
    return { cancel: () => this.#end(pending) };
  }

  /** Ports under check, in the order the checks began. */
  get ports(): number[] {
    return this.running.map(({ target }) => target.port);
  }

  pass(port: number): void {
    this.end(port, { type: 'passed' });
  }

  fail(port: number, reason = 'connection refused'): void {
    this.end(port, { type: 'failed', reason });
  }

  end(port: number, result: CheckResult): void {
    const pending = this.running.find(({ target }) => target.port === port);
    if (!pending) throw new Error(`port ${port} is not being checked; ${this.ports.join(' ')} are`);
    this.#end(pending);
    pending.done(result);
  }

  #end(pending: Pending): void {
    const at = this.running.indexOf(pending);
    if (at >= 0) this.running.splice(at, 1);
  }
}

interface BackendSpec {
  readonly row: number;
  readonly generation?: number;
  readonly state?: BackendState;
  readonly weight?: number;
  readonly tier?: number;
  readonly host?: string;
  readonly port?: number;
  readonly leadsBack?: string | null;
}

/** Port 1000 + row names a backend in these tests, unless one is given. */
function backendOf(
  pool: string,
  {
    row,
    generation = 1,
    state = 'active',
    weight = 1,
    tier = 0,
    host = '127.0.0.1',
    port = 1_000 + row,
    leadsBack = null,
  }: BackendSpec,
): DirectoryBackend {
  return {
    row,
    generation,
    pool,
    address: `${host}:${port}`,
    host,
    port,
    weight,
    tier,
    maxConnections: 0,
    state,
    leadsBack,
  };
}

/** Checks at once. */
export const AT_ONCE = 256;

export function poolOf(
  name: string,
  row: number,
  backends: BackendSpec[],
  check: Partial<HealthCheck> = {},
  fields: Partial<Policy> = {},
): DirectoryPool {
  const healthCheck = { ...POLICY_DEFAULTS.healthCheck, ...check };
  const policy = { name: 'default', ...POLICY_DEFAULTS, ...fields, healthCheck };
  return {
    row,
    name,
    policy,
    queue: null,
    tls: null,
    backends: backends.map((backend) => backendOf(name, backend)),
  };
}

export function healthRig(atOnce = AT_ONCE) {
  const shared = sharedCells(createBuffers(1));
  const clock = new FakeClock();
  const checker = new FakeChecker();
  const told: string[] = [];
  const changes = new HealthChanges();
  changes.subscribe((change) => {
    if (change.type === 'shortage') return told.push(`shortage: ${change.reason}`);
    const { type, pool } = change;
    if (type === 'panic') return told.push(`${pool} panic ${change.on}`);
    if (type === 'tier') return told.push(`${pool} tier ${change.from} to ${change.to}`);
    const { address, from, to, reason, isExpected } = change;
    const asExpected = isExpected ? ', as expected' : '';
    return told.push(`${pool}/${address.slice(-4)} ${from} to ${to}: ${reason}${asExpected}`);
  });
  const monitor = new HealthMonitor({
    onPoolMoved: () => {},
    shared,
    checker,
    atOnce,
    clock,
    random: seededRandom(1),
    changes,
  });
  const run = (...pools: DirectoryPool[]) => monitor.update({ pools, listeners: [], ownBackends: [] });
  const cell = (row: number) =>
    Object.entries(HEALTH).find(([, value]) => value === Atomics.load(shared.health, row))?.[0];
  const tenths = (...rows: number[]) => rows.map((row) => shared.rampTenths[row]);
  const health = (row: number, generation = 1) => {
    const { health: word, reason } = monitor.healthOf({ row, generation });
    return `${word}: ${reason}`;
  };
  /** What a worker does on the third failed connect. */
  const ejectCell = (row: number) => {
    Atomics.store(shared.failures, row, 3);
    Atomics.compareExchange(shared.health, row, HEALTH.healthy, HEALTH.ejected);
  };
  return { shared, clock, checker, told, monitor, run, cell, tenths, health, ejectCell };
}
