/**
 * Decides which backend each connection goes to, and counts what happens to it: the handler that an engine calls.
 *
 * Invariants
 *  - what a pick reserved is released exactly once: when its connect failed or was given up, or at onClosed;
 *  - each decision uses the plan that runs at that moment; an established connection needs no plan at all;
 *  - after `adopt` no attempt continues towards a backend that gets no connections under the new plan: the engine is
 *    told to reconsider it;
 *  - at most `retries` attempts follow the first, each on a backend not yet tried, or, when all were tried, on any
 *    eligible one after a delay that doubles, with jitter.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Random } from '../../core/runtime/random.ts';
import { type PickRequest, NO_BACKEND } from '../balancing/balancer.ts';
import { TriedSet } from '../balancing/tried-set.ts';
import {
  type BackendTls,
  type ConnectionHandler,
  type ConnectionTimeouts,
  type Engine,
  NO_ROW,
  TERMINATE,
} from '../engine/engine.ts';
import type { WorkerLog } from './worker-log.ts';
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import { ERRNO, errnoName, isOwnFailure } from '../kernel/errno.ts';
import type { SharedCells, WorkerCells } from '../memory/shared-memory.ts';
import type { ConnectionCounters } from './connection-counters.ts';
import type { ConnectionRecords } from './connection-records.ts';
import type { PassiveHealth } from './passive-health.ts';
import type { PlanRuntime, PoolRuntime } from './plan-runtime.ts';
import { ConnectAttempts, ConnectionSlots, SEEN } from './connection-slots.ts';

/** The delay before the n-th repeated attempt is this × 2^n, of which at least half is waited. */
const REPEAT_DELAY_MS = 100;
const BOTH_SPOKE = SEEN.request | SEEN.answer;
/**
 * A backend that ends a connection without a byte failed a client that had asked for something. Where nobody had spoken,
 * only an end within this time counts: a later one is patience that ran out, such as that of a web server.
 */
const EARLY_MS = 1_000;
const LIFETIME_JITTER = 0.1;
const NEVER: ConnectionTimeouts = { connectMs: 0, idleMs: 0, halfClosedMs: 0, lifetimeMs: 0 };

export interface HandlerInputs {
  readonly shared: SharedCells;
  readonly own: WorkerCells;
  readonly counters: ConnectionCounters;
  readonly passiveHealth: PassiveHealth;
  readonly log: WorkerLog;
  /** Null: there is no connection log. */
  readonly records: ConnectionRecords | null;
  readonly clock: Clock;
  readonly random: Random;
}

// `!` on typed arrays in this file: the engine names only slots that it gave to onAccept.
export class WorkerConnections implements ConnectionHandler {
  retryDelayMs = 0;
  readonly #inputs: HandlerInputs;
  #plan: PlanRuntime | null = null;
  /** Of the listener whose client is being accepted. */
  #serverContext = 0;
  readonly #slots = new ConnectionSlots();
  readonly #spareAttempts: ConnectAttempts[] = [];
  readonly #request: PickRequest = { sourceHash: 0, nowMs: 0 };
  readonly #tried = new TriedSet();

  constructor(inputs: HandlerInputs) {
    this.#inputs = inputs;
  }

  /** Decides by this plan from now on, and checks attempts under way against it. */
  adopt(plan: PlanRuntime, engine: Engine): void {
    this.#plan = plan;
    for (const slot of this.#slots.attempts.keys()) {
      const backend = this.#slots.backend[slot]!;
      const pool = this.#slots.pool[slot]!;
      if (backend !== NO_ROW && !takesConnections(plan.poolByRow(pool), plan.candidateOfRow(backend))) {
        engine.reconsider(slot);
      }
    }
  }

  /** Resets a share of the connections to a backend (0 to 1, by chance). Attempts towards it go elsewhere. */
  closeBackend(row: number, reason: CloseReason, share: number, engine: Engine): void {
    const { attempts, backend, end } = this.#slots;
    const { random } = this.#inputs;
    // A quarter of the time of a loop: hundreds of backends may lose their connections in one second, each in 50 parts.
    const used = backend.subarray(0, end);
    for (let slot = used.indexOf(row); slot !== -1; slot = used.indexOf(row, slot + 1)) {
      if (attempts.has(slot)) engine.reconsider(slot);
      else if (share >= 1 || random.next() < share) engine.reset(slot, reason);
    }
  }

  onAccept(slot: number, listener: number, sourceHash: number): number {
    const slots = this.#slots;
    slots.seen[slot] = 0;
    slots.listener[slot] = listener;
    slots.backend[slot] = NO_ROW;
    slots.acceptedMs[slot] = this.#inputs.clock.nowMs();
    slots.timeouts[slot] = NEVER;
    slots.end = Math.max(slots.end, slot + 1);
    this.#inputs.counters.accepted(listener);
    const pool = this.#plan?.poolOfListener(listener) ?? null;
    this.#inputs.records?.accepted(slot, pool?.pool.logOneIn ?? 1);
    if (!pool) return NO_ROW;
    slots.timeouts[slot] = pool.timeouts.lifetimeMs > 0 ? this.#withJitter(pool.timeouts) : pool.timeouts;
    const attempt = this.#spareAttempts.pop() ?? new ConnectAttempts();
    attempt.begin(sourceHash, pool.pool.row);
    slots.attempts.set(slot, attempt);
    const termination = this.#plan?.terminationOf(listener) ?? null;
    if (termination === null) return this.#pick(slot, attempt, pool, 0);
    this.#serverContext = termination.contextFor(null);
    return TERMINATE;
  }

  serverContext(): number {
    return this.#serverContext;
  }

  onTerminated(slot: number, isResumed: boolean): number {
    this.#inputs.counters.handshake(isResumed ? 'tlsResumed' : 'tlsFull');
    const attempt = this.#slots.attempts.get(slot);
    const pool = attempt ? this.#poolFor(slot, attempt) : null;
    return attempt && pool ? this.#pick(slot, attempt, pool, 0) : NO_ROW;
  }

  onTerminationFailed(slot: number, why: string): void {
    this.#inputs.counters.handshake('tlsFailed');
    const listener = this.#plan?.nameOfListener(this.#slots.listener[slot]!) ?? '';
    this.#inputs.log.write('debug', `a client could not set up TLS: ${why}`, { listener });
  }

  backendTls(slot: number): BackendTls | null {
    return this.#plan?.poolByRow(this.#slots.pool[slot]!)?.tls ?? null;
  }

  timeouts(slot: number): ConnectionTimeouts {
    return this.#slots.timeouts[slot]!;
  }

  onConnectFailed(slot: number, errno: number, why?: string): number {
    const attempt = this.#slots.attempts.get(slot);
    this.retryDelayMs = 0;
    if (!attempt || this.#slots.backend[slot] === NO_ROW) return NO_ROW;
    if (errno !== ERRNO.canceled) this.#countFailure(slot, attempt, errno, why);
    this.#release(slot);
    const pool = this.#poolFor(slot, attempt);
    if (!pool || attempt.failed > pool.pool.retries) return NO_ROW;
    const untried = this.#pick(slot, attempt, pool, 0);
    if (untried !== NO_ROW || attempt.tried.length === 0) return untried;
    attempt.tried.length = 0;
    const step = REPEAT_DELAY_MS * 2 ** attempt.repeats;
    this.retryDelayMs = step / 2 + (this.#inputs.random.next() * step) / 2;
    attempt.repeats += 1;
    return this.#pick(slot, attempt, pool, this.retryDelayMs);
  }

  onEstablished(slot: number): void {
    const attempt = this.#slots.attempts.get(slot);
    if (!attempt) return;
    const backend = this.#slots.backend[slot]!;
    const pool = this.#slots.pool[slot]!;
    const nowMs = this.#inputs.clock.nowMs();
    const connectMs = Math.max(0, nowMs - attempt.startedMs);
    this.#inputs.counters.established(backend, pool, this.#slots.listener[slot]!, connectMs);
    this.#inputs.records?.established(slot, connectMs);
    this.#inputs.passiveHealth.connected(backend);
    const candidate = this.#plan?.candidateOfRow(backend) ?? NO_BACKEND;
    if (candidate !== NO_BACKEND) {
      this.#plan?.poolByRow(pool)?.balancer.connected?.(candidate, connectMs, nowMs);
    }
    this.#endAttempt(slot);
  }

  onBytes(slot: number, toBackend: number, toClient: number): void {
    const { backend, listener, seen } = this.#slots;
    if ((seen[slot]! & BOTH_SPOKE) !== BOTH_SPOKE) this.#spoke(slot, toBackend, toClient);
    this.#inputs.counters.bytes(backend[slot]!, listener[slot]!, toBackend, toClient);
    this.#inputs.records?.bytes(slot, toBackend, toClient);
  }

  onClosed(slot: number, reason: CloseReason): void {
    const { acceptedMs, attempts, backend, listener } = this.#slots;
    const durationMs = this.#inputs.clock.nowMs() - acceptedMs[slot]!;
    const established = attempts.has(slot) ? NO_ROW : backend[slot]!;
    // Before the release: a row that nothing uses may be given to another backend.
    this.#inputs.records?.closed(slot, listener[slot]!, reason, durationMs);
    this.#inputs.counters.closed(listener[slot]!, established, reason, durationMs);
    this.#endAttempt(slot);
    this.#release(slot);
  }

  onBackendEnded(slot: number): void {
    const { acceptedMs, backend, pool, seen } = this.#slots;
    const before = seen[slot]!;
    if ((before & (SEEN.answer | SEEN.backendEnd)) !== 0) return;
    seen[slot] = before | SEEN.backendEnd;
    const ageMs = this.#inputs.clock.nowMs() - acceptedMs[slot]!;
    if ((before & SEEN.request) === 0 && ageMs > EARLY_MS) return;
    const row = backend[slot]!;
    this.#inputs.counters.closedEarly(row);
    const runtime = this.#plan?.poolByRow(pool[slot]!) ?? null;
    const candidate = this.#plan?.candidateOfRow(row) ?? NO_BACKEND;
    // One that is drained to be restarted ends what is open, and is not kept out for that when it is back.
    if (runtime && takesConnections(runtime, candidate))
      this.#inputs.passiveHealth.closedEarly(row, runtime.pool);
  }

  /** Connections that came together do not end together. */
  #withJitter(timeouts: ConnectionTimeouts): ConnectionTimeouts {
    const shorter = 1 - this.#inputs.random.next() * LIFETIME_JITTER;
    return { ...timeouts, lifetimeMs: timeouts.lifetimeMs * shorter };
  }

  #spoke(slot: number, toBackend: number, toClient: number): void {
    const { seen } = this.#slots;
    if (toBackend > 0) seen[slot]! |= SEEN.request;
    if (toClient > 0 && (seen[slot]! & SEEN.answer) === 0) this.#answered(slot);
  }

  #answered(slot: number): void {
    const { acceptedMs, backend, listener, seen } = this.#slots;
    seen[slot]! |= SEEN.answer;
    this.#inputs.passiveHealth.answered(backend[slot]!);
    const sinceAcceptMs = this.#inputs.clock.nowMs() - acceptedMs[slot]!;
    this.#inputs.counters.answered(backend[slot]!, listener[slot]!, sinceAcceptMs);
    this.#inputs.records?.answered(slot, sinceAcceptMs);
  }

  /** The pool to try next: a different one than before when the listener was moved meanwhile. */
  #poolFor(slot: number, attempt: ConnectAttempts): PoolRuntime | null {
    const plan = this.#plan;
    const pool = plan?.poolOfListener(this.#slots.listener[slot]!) ?? plan?.poolByRow(attempt.pool) ?? null;
    if (pool && pool.pool.row !== attempt.pool) attempt.moveTo(pool.pool.row);
    return pool;
  }

  #pick(
    slot: number,
    attempt: ConnectAttempts,
    { balancer, candidates, pool }: PoolRuntime,
    delayMs: number,
  ): number {
    const nowMs = this.#inputs.clock.nowMs();
    this.#inputs.records?.sentTo(slot, pool.row);
    this.#request.sourceHash = attempt.sourceHash;
    this.#request.nowMs = nowMs;
    this.#tried.clear();
    for (const row of attempt.tried) {
      const candidate = this.#plan?.candidateOfRow(row) ?? NO_BACKEND;
      if (candidate !== NO_BACKEND) this.#tried.add(candidate);
    }
    const candidate = balancer.pick(this.#request, this.#tried);
    if (candidate === NO_BACKEND) return NO_ROW;
    attempt.startedMs = nowMs + delayMs;
    const row = candidates.row(candidate);
    this.#slots.backend[slot] = row;
    this.#slots.pool[slot] = pool.row;
    this.#inputs.records?.attempted(slot, row);
    return row;
  }

  #countFailure(slot: number, attempt: ConnectAttempts, errno: number, why?: string): void {
    const backend = this.#slots.backend[slot]!;
    const pool = this.#slots.pool[slot]!;
    attempt.failed += 1;
    attempt.tried.push(backend);
    // Ours, then: the backend is not blamed for it in any count.
    if (isOwnFailure(errno)) return;
    this.#inputs.counters.connectFailed(backend);
    const runtime = this.#plan?.poolByRow(pool);
    const candidate = this.#plan?.candidateOfRow(backend) ?? NO_BACKEND;
    if (!runtime || candidate === NO_BACKEND) return;
    const nowMs = this.#inputs.clock.nowMs();
    runtime.balancer.connectFailed?.(candidate, Math.max(0, nowMs - attempt.startedMs), nowMs);
    this.#inputs.passiveHealth.connectFailed(backend, why ?? errnoName(errno), runtime.pool);
    if (why) this.#inputs.log.write('warn', `a backend could not be connected to: ${why}`, { pool: runtime.pool.name });
  }

  /** Releases the reservation, if there is one: through the balancer, or directly when the plan does not name the row. */
  #release(slot: number): void {
    const backend = this.#slots.backend[slot]!;
    if (backend === NO_ROW) return;
    this.#slots.backend[slot] = NO_ROW;
    const candidate = this.#plan?.candidateOfRow(backend) ?? NO_BACKEND;
    const runtime = this.#plan?.poolByRow(this.#slots.pool[slot]!);
    if (runtime && candidate !== NO_BACKEND) {
      runtime.balancer.release(candidate);
    } else {
      // The shared count last: once it is zero, the row may be given to another backend.
      this.#inputs.own.backendOpen[backend]! -= 1;
      Atomics.sub(this.#inputs.shared.open, backend, 1);
    }
  }

  #endAttempt(slot: number): void {
    const attempt = this.#slots.attempts.get(slot);
    if (!attempt) return;
    this.#spareAttempts.push(attempt);
    this.#slots.attempts.delete(slot);
  }
}

function takesConnections(runtime: PoolRuntime | null, candidate: number): boolean {
  return runtime !== null && candidate !== NO_BACKEND && runtime.candidates.weight(candidate) > 0;
}
