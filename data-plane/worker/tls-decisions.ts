/** What connections secure their sides with, and what becomes of their handshakes. */
import type { BackendTls, TlsHandler } from '../engine/engine.ts';
import type { HandlerInputs } from './connection-handler.ts';
import type { ConnectionSlots } from './connection-slots.ts';
import type { PlanRuntime } from './plan-runtime.ts';

// `!` on typed arrays in this file: the engine names only slots that it gave to onAccept.
export class TlsDecisions implements TlsHandler {
  plan: PlanRuntime | null = null;
  readonly #inputs: Pick<HandlerInputs, 'counters' | 'log'>;
  readonly #slots: ConnectionSlots;
  readonly #choose: (slot: number) => number;

  /** `choose`: a backend for a client that is secured. */
  constructor(
    inputs: Pick<HandlerInputs, 'counters' | 'log'>,
    slots: ConnectionSlots,
    choose: (slot: number) => number,
  ) {
    this.#inputs = inputs;
    this.#slots = slots;
    this.#choose = choose;
  }

  serverContext(slot: number): number {
    const listener = this.plan?.listener(this.#slots.listener[slot]!);
    return listener?.termination?.contextFor(this.#slots.attempts.get(slot)?.serverName ?? null) ?? 0;
  }

  onTerminated(slot: number, isResumed: boolean): number {
    this.#inputs.counters.handshake(isResumed ? 'tlsResumed' : 'tlsFull');
    return this.#choose(slot);
  }

  onTerminationFailed(why: string): void {
    this.#inputs.counters.handshake('tlsFailed');
    this.#inputs.log.write('debug', `TLS with a client could not be set up: ${why}`);
  }

  backendTls(slot: number): BackendTls | null {
    return this.plan?.poolByRow(this.#slots.pool[slot]!)?.tls ?? null;
  }
}
