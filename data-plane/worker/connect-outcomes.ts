/** Counts how attempts to connect have ended, and tells balancers and passive health. */
import { NO_BACKEND } from '../balancing/balancer.ts';
import { errnoName, isOwnFailure } from '../kernel/errno.ts';
import type { HandlerInputs } from './connection-handler.ts';
import type { ConnectAttempts, ConnectionSlots } from './connection-slots.ts';
import type { PlanRuntime } from './plan-runtime.ts';

export interface ConnectFailure {
  readonly errno: number;
  /** In words, where TLS failed. */
  readonly why: string | undefined;
}

// `!` on typed arrays in this file: the engine names only slots that it gave to onAccept.
export class ConnectOutcomes {
  readonly #inputs: HandlerInputs;
  readonly #slots: ConnectionSlots;

  constructor(inputs: HandlerInputs, slots: ConnectionSlots) {
    this.#inputs = inputs;
    this.#slots = slots;
  }

  established(slot: number, attempt: ConnectAttempts, plan: PlanRuntime | null): void {
    const backend = this.#slots.backend[slot]!;
    const pool = this.#slots.pool[slot]!;
    const nowMs = this.#inputs.clock.nowMs();
    const connectMs = Math.max(0, nowMs - attempt.startedMs);
    this.#inputs.counters.established(backend, pool, this.#slots.listener[slot]!, connectMs);
    this.#inputs.records?.established(slot, connectMs);
    this.#inputs.passiveHealth.connected(backend);
    const candidate = plan?.candidateOfRow(backend) ?? NO_BACKEND;
    if (candidate !== NO_BACKEND) plan?.poolByRow(pool)?.balancer.connected?.(candidate, connectMs, nowMs);
  }

  failed(slot: number, attempt: ConnectAttempts, plan: PlanRuntime | null, failure: ConnectFailure): void {
    const { errno, why } = failure;
    const backend = this.#slots.backend[slot]!;
    attempt.failed += 1;
    attempt.tried.push(backend);
    // Ours, then: the backend is not blamed for it in any count.
    if (isOwnFailure(errno)) return;
    this.#inputs.counters.connectFailed(backend);
    const runtime = plan?.poolByRow(this.#slots.pool[slot]!);
    const candidate = plan?.candidateOfRow(backend) ?? NO_BACKEND;
    if (!runtime || candidate === NO_BACKEND) return;
    const nowMs = this.#inputs.clock.nowMs();
    const { name } = runtime.pool;
    runtime.balancer.connectFailed?.(candidate, Math.max(0, nowMs - attempt.startedMs), nowMs);
    this.#inputs.passiveHealth.connectFailed(backend, why ?? errnoName(errno), runtime.pool);
    if (why) this.#inputs.log.write('warn', `a backend could not be connected to: ${why}`, { pool: name });
  }
}
