/**
 * Which backend a connection goes to, and what is written down of it: the policy that drives an engine.
 *
 * Invariants
 *  - what a pick reserved is released exactly once: when its connect failed or was given up, or at onClosed;
 *  - each decision is made on the plan that runs at that moment; an established connection needs no plan at all;
 *  - after `adopt` no attempt goes on towards a backend that the new plan gives no connections (invariant 8 of the
 *    architecture): the engine is told to reconsider it;
 *  - at most `retries` attempts after the first, each on a backend not yet tried, or, when there is none, on any
 *    eligible one after a delay that doubles, with jitter.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { Random } from '../../core/runtime/random.ts';
import { type Flow, NO_BACKEND } from '../balancing/balancer.ts';
import { TriedSet } from '../balancing/tried.ts';
import {
  type CloseReason,
  type ConnectionHandler,
  type ConnectionTimeouts,
  type Engine,
  NO_ROW,
} from '../engine/engine.ts';
import { ERRNO } from '../engine/errno.ts';
import type { SharedCells, WorkerCells } from '../telemetry/shared-memory.ts';
import type { Accounts } from './accounts.ts';
import { Attempt } from './attempt.ts';
import type { PassiveHealth } from './passive-health.ts';
import type { PlanRuntime, PoolRuntime } from './plan-runtime.ts';

/** The delay before the n-th repeated attempt is this × 2^n, and between half and all of that. */
const REPEAT_DELAY_MS = 100;
const NEVER: ConnectionTimeouts = { connectMs: 0, idleMs: 0, halfClosedMs: 0 };

export interface HandlerInputs {
  readonly shared: SharedCells;
  readonly own: WorkerCells;
  readonly accounts: Accounts;
  readonly passiveHealth: PassiveHealth;
  readonly clock: Clock;
  readonly random: Random;
}

/** What is known of a slot in use. */
interface SlotState {
  listener: number;
  /** The backend it is connecting or connected to, reserved; or NO_ROW. */
  backend: number;
  /** Row of that backend's pool. */
  pool: number;
  acceptedMs: number;
  timeouts: ConnectionTimeouts;
  /** While it has no connection to a backend. */
  attempt: Attempt | null;
}

export class WorkerConnections implements ConnectionHandler {
  retryDelayMs = 0;
  readonly #inputs: HandlerInputs;
  #plan: PlanRuntime | null = null;
  /** By slot; a state is reused with its slot, and out of use while its listener is NO_ROW. */
  readonly #slots: SlotState[] = [];
  readonly #connecting = new Set<number>();
  readonly #spareAttempts: Attempt[] = [];
  readonly #flow: Flow = { sourceHash: 0, nowMs: 0 };
  readonly #tried = new TriedSet();

  constructor(inputs: HandlerInputs) {
    this.#inputs = inputs;
  }

  /** The plan that decides from now on; attempts under way are checked against it. */
  adopt(plan: PlanRuntime, engine: Engine): void {
    this.#plan = plan;
    for (const slot of this.#connecting) {
      const { backend, pool } = this.#slot(slot);
      if (backend !== NO_ROW && !takesConnections(plan.poolByRow(pool), plan.candidateOfRow(backend))) {
        engine.reconsider(slot);
      }
    }
  }

  /** Resets the connections to a backend, established or not. */
  closeBackend(row: number, reason: CloseReason, engine: Engine): void {
    for (let slot = 0; slot < this.#slots.length; slot++) {
      const state = this.#slot(slot);
      if (state.listener !== NO_ROW && state.backend === row) engine.reset(slot, reason);
    }
  }

  onAccept(slot: number, listener: number, sourceHash: number): number {
    const state = (this.#slots[slot] ??= emptySlot());
    state.listener = listener;
    state.backend = NO_ROW;
    state.acceptedMs = this.#inputs.clock.nowMs();
    state.timeouts = NEVER;
    this.#inputs.accounts.accepted(listener);
    const pool = this.#plan?.poolOfListener(listener) ?? null;
    if (!pool) return NO_ROW;
    state.timeouts = pool.timeouts;
    const attempt = this.#spareAttempts.pop() ?? new Attempt();
    attempt.begin(sourceHash, pool.pool.row);
    state.attempt = attempt;
    this.#connecting.add(slot);
    return this.#pick(state, attempt, pool, 0);
  }

  timeouts(slot: number): ConnectionTimeouts {
    return this.#slot(slot).timeouts;
  }

  onConnectFailed(slot: number, errno: number): number {
    const state = this.#slot(slot);
    const { attempt, backend } = state;
    this.retryDelayMs = 0;
    if (!attempt || backend === NO_ROW) return NO_ROW;
    if (errno !== ERRNO.canceled) this.#countFailure(state, attempt, errno);
    this.#release(state);
    const pool = this.#poolFor(state, attempt);
    if (!pool || attempt.failed > pool.pool.retries) return NO_ROW;
    const untried = this.#pick(state, attempt, pool, 0);
    if (untried !== NO_ROW || attempt.tried.length === 0) return untried;
    attempt.tried.length = 0;
    const step = REPEAT_DELAY_MS * 2 ** attempt.repeats;
    this.retryDelayMs = step / 2 + (this.#inputs.random.next() * step) / 2;
    attempt.repeats += 1;
    return this.#pick(state, attempt, pool, this.retryDelayMs);
  }

  onEstablished(slot: number): void {
    const state = this.#slot(slot);
    const { attempt } = state;
    if (!attempt) return;
    const nowMs = this.#inputs.clock.nowMs();
    const connectMs = Math.max(0, nowMs - attempt.startedMs);
    this.#inputs.accounts.established(state.backend, state.pool, connectMs);
    this.#inputs.passiveHealth.connected(state.backend);
    const candidate = this.#plan?.candidateOfRow(state.backend) ?? NO_BACKEND;
    if (candidate !== NO_BACKEND) {
      this.#plan?.poolByRow(state.pool)?.balancer.connected(candidate, connectMs, nowMs);
    }
    this.#endAttempt(slot, state);
  }

  onBytes(slot: number, toBackend: number, toClient: number): void {
    const { backend, listener } = this.#slot(slot);
    this.#inputs.accounts.bytes(backend, listener, toBackend, toClient);
  }

  onClosed(slot: number, reason: CloseReason): void {
    const state = this.#slot(slot);
    this.#endAttempt(slot, state);
    this.#release(state);
    this.#inputs.accounts.closed(state.listener, reason, this.#inputs.clock.nowMs() - state.acceptedMs);
    state.listener = NO_ROW;
  }

  /** The pool to try next. Another one than before when the listener was moved meanwhile. */
  #poolFor(state: SlotState, attempt: Attempt): PoolRuntime | null {
    const plan = this.#plan;
    const pool = plan?.poolOfListener(state.listener) ?? plan?.poolByRow(attempt.pool) ?? null;
    if (pool && pool.pool.row !== attempt.pool) attempt.moveTo(pool.pool.row);
    return pool;
  }

  #pick(
    state: SlotState,
    attempt: Attempt,
    { balancer, candidates, pool }: PoolRuntime,
    delayMs: number,
  ): number {
    const nowMs = this.#inputs.clock.nowMs();
    this.#flow.sourceHash = attempt.sourceHash;
    this.#flow.nowMs = nowMs;
    this.#tried.clear();
    for (const row of attempt.tried) {
      const candidate = this.#plan?.candidateOfRow(row) ?? NO_BACKEND;
      if (candidate !== NO_BACKEND) this.#tried.add(candidate);
    }
    const candidate = balancer.pick(this.#flow, this.#tried);
    if (candidate === NO_BACKEND) return NO_ROW;
    attempt.startedMs = nowMs + delayMs;
    state.backend = candidates.row(candidate);
    state.pool = pool.row;
    return state.backend;
  }

  #countFailure(state: SlotState, attempt: Attempt, errno: number): void {
    const { backend, pool } = state;
    attempt.failed += 1;
    attempt.tried.push(backend);
    this.#inputs.accounts.connectFailed(backend);
    const runtime = this.#plan?.poolByRow(pool);
    const candidate = this.#plan?.candidateOfRow(backend) ?? NO_BACKEND;
    if (!runtime || candidate === NO_BACKEND) return;
    const nowMs = this.#inputs.clock.nowMs();
    runtime.balancer.connectFailed(candidate, Math.max(0, nowMs - attempt.startedMs), nowMs);
    this.#inputs.passiveHealth.connectFailed(backend, errno, runtime.pool);
  }

  /** Gives back the reservation, if there is one: through the balancer, or by itself when no plan names the row. */
  #release(state: SlotState): void {
    const { backend, pool } = state;
    if (backend === NO_ROW) return;
    state.backend = NO_ROW;
    const candidate = this.#plan?.candidateOfRow(backend) ?? NO_BACKEND;
    const runtime = this.#plan?.poolByRow(pool);
    if (runtime && candidate !== NO_BACKEND) {
      runtime.balancer.release(candidate);
    } else {
      Atomics.sub(this.#inputs.shared.open, backend, 1);
      this.#inputs.own.backendOpen[backend]! -= 1; // `!`: a row lies within the cells.
    }
  }

  #endAttempt(slot: number, state: SlotState): void {
    if (!state.attempt) return;
    this.#spareAttempts.push(state.attempt);
    state.attempt = null;
    this.#connecting.delete(slot);
  }

  /** `!`: the engine names only slots that it gave to onAccept. */
  #slot(slot: number): SlotState {
    return this.#slots[slot]!;
  }
}

function emptySlot(): SlotState {
  return { listener: NO_ROW, backend: NO_ROW, pool: 0, acceptedMs: 0, timeouts: NEVER, attempt: null };
}

function takesConnections(runtime: PoolRuntime | null, candidate: number): boolean {
  return runtime !== null && candidate !== NO_BACKEND && runtime.candidates.weight(candidate) > 0;
}
