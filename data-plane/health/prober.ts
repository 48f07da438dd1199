/**
 * Makes the health checks. A probe is a check of one address; backends of several pools share it when nothing that goes
 * over the wire differs. Main thread.
 *
 * Invariants
 *  - a probe that is watched is under way, waits for its turn, or has a timer;
 *  - the watcher that wants it soonest decides when, and each gets every result: thresholds are their own;
 *  - a check is cancelled only when nobody watches its probe any more.
 */
import type { HealthCheck } from '../../core/model/resources.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import type { Random } from '../../core/runtime/random.ts';
import type { Checker, CheckResult, CheckTarget, RunningCheck } from './checker.ts';
import type { MonitoredBackend } from './monitored-backend.ts';
import { CheckTurns, intervalMs, jittered } from './scheduler.ts';

/** Inconclusive results in a row; more of them count as failures. */
const MAX_INCONCLUSIVE = 3;

interface Probe {
  readonly key: string;
  readonly target: CheckTarget;
  readonly check: HealthCheck;
  /** The pool in whose turn it is made: that of the first watcher. */
  readonly pool: string;
  readonly watchers: Set<MonitoredBackend>;
  running: RunningCheck | null;
  timer: Timer | null;
  /** When the next check is due, or was when it began to wait for its turn; infinite while one is under way. */
  dueMs: number;
  /** When the last check began, on the monotonic clock. */
  startedMs: number;
  inconclusive: number;
}

export interface ProberInputs {
  readonly checker: Checker;
  readonly atOnce: number;
  readonly clock: Clock;
  readonly random: Random;
  /** `startedMs`: when the check began, on the monotonic clock. */
  readonly onResult: (watcher: MonitoredBackend, result: CheckResult, startedMs: number) => void;
}

type Watched = Pick<MonitoredBackend, 'backend' | 'check' | 'proxyProtocol'>;

/** Who is asked what: everything of a check that goes over the wire. */
export function questionOf(watched: Watched): string {
  const { type, http, tls, script } = watched.check;
  return JSON.stringify([targetOf(watched), type, http, tls, script]);
}

/**
 * A server that expects a PROXY header expects it on the port of its traffic. A check of type tcp is over before a program
 * could read one.
 */
function targetOf({ backend, check, proxyProtocol }: Watched): CheckTarget {
  const { port = backend.port } = check;
  const isAnnounced = port === backend.port && check.type !== 'tcp' && check.proxyProtocol !== 'off';
  return { host: backend.host, port, announcedBy: isAnnounced ? proxyProtocol : undefined };
}

export class Prober {
  readonly #inputs: ProberInputs;
  readonly #turns: CheckTurns<Probe>;
  readonly #probes = new Map<string, Probe>();
  readonly #watched = new Map<MonitoredBackend, Probe>();

  constructor(inputs: ProberInputs) {
    this.#inputs = inputs;
    this.#turns = new CheckTurns(inputs.atOnce);
  }

  /** Lets a backend hear of its check from now on. Whether that is another one than before: then it is not due yet. */
  watch(watcher: MonitoredBackend): boolean {
    const { backend, check } = watcher;
    const target = targetOf(watcher);
    const before = this.#watched.get(watcher);
    const { port, announcedBy } = before?.target ?? {};
    // Nearly always: most of a plan is the same as the one before.
    if (before?.check === check && port === target.port && announcedBy === target.announcedBy) return false;
    const key = `${check.timeoutMs} ${questionOf(watcher)}`;
    if (before?.key === key) return false;
    const probe = this.#probes.get(key) ?? {
      key,
      target,
      check,
      pool: backend.pool,
      watchers: new Set(),
      running: null,
      timer: null,
      dueMs: Number.POSITIVE_INFINITY,
      startedMs: 0,
      inconclusive: 0,
    };
    this.#probes.set(key, probe);
    this.unwatch(watcher);
    probe.watchers.add(watcher);
    this.#watched.set(watcher, probe);
    return true;
  }

  unwatch(watcher: MonitoredBackend): void {
    const probe = this.#watched.get(watcher);
    if (!probe) return;
    this.#watched.delete(watcher);
    probe.watchers.delete(watcher);
    if (probe.watchers.size > 0) return;
    this.#probes.delete(probe.key);
    probe.timer?.cancel();
    this.#turns.giveUp(probe.pool, probe);
    if (!probe.running) return;
    probe.running.cancel();
    this.#end(probe);
  }

  /** The next check of what a backend watches is to begin within this time, unless one is under way. */
  within(watcher: MonitoredBackend, delayMs: number): void {
    const probe = this.#watched.get(watcher);
    if (probe) this.#schedule(probe, this.#inputs.clock.nowMs() + delayMs);
  }

  close(): void {
    for (const watcher of this.#watched.keys()) this.unwatch(watcher);
  }

  /** Unless one is under way, or due earlier anyway. */
  #schedule(probe: Probe, dueMs: number): void {
    if (probe.running || probe.dueMs <= dueMs) return;
    const { clock } = this.#inputs;
    probe.timer?.cancel();
    probe.dueMs = dueMs;
    const begin = () => {
      if (this.#turns.take(probe.pool, probe)) this.#start(probe);
    };
    const delayMs = dueMs - clock.nowMs();
    if (delayMs > 0) probe.timer = clock.after(delayMs, begin);
    else begin();
  }

  #start(probe: Probe): void {
    const { checker, clock } = this.#inputs;
    probe.dueMs = Number.POSITIVE_INFINITY;
    probe.startedMs = clock.nowMs();
    probe.running = checker.check(probe.target, probe.check, (result) => this.#finish(probe, result));
  }

  #end(probe: Probe): void {
    probe.running = null;
    this.#turns.end(probe.pool);
    for (let next = this.#turns.next(); next; next = this.#turns.next()) this.#start(next);
  }

  #finish(probe: Probe, result: CheckResult): void {
    const { clock, onResult, random } = this.#inputs;
    this.#end(probe);
    probe.inconclusive = result.type === 'inconclusive' ? probe.inconclusive + 1 : 0;
    const isFailure = result.type === 'inconclusive' && probe.inconclusive > MAX_INCONCLUSIVE;
    const concluded: CheckResult = isFailure ? { type: 'failed', reason: result.reason } : result;
    for (const watcher of probe.watchers) onResult(watcher, concluded, probe.startedMs);
    const wanted = Array.from(probe.watchers, ({ state, check }) => intervalMs(state, check, clock.nowMs()));
    const dueMs = probe.startedMs + jittered(Math.min(...wanted), random);
    // Whoever subscribes to changes may have had it unwatched.
    if (probe.watchers.size > 0) this.#schedule(probe, dueMs);
  }
}
