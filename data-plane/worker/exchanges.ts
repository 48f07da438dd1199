/** What the two sides of each connection have said to each other: the first answer, and an end without one. */
import type { HandlerInputs } from './connection-handler.ts';
import { type ConnectionSlots, SEEN } from './connection-slots.ts';

const BOTH_SPOKE = SEEN.request | SEEN.answer;
/**
 * A backend that ends a connection without a byte failed a client that had asked for something. Where nobody had spoken,
 * only an end within this time counts: a later one is patience that ran out, such as that of a web server.
 */
const EARLY_MS = 1_000;

type ExchangesInputs = Pick<HandlerInputs, 'clock' | 'counters' | 'passiveHealth' | 'records'>;

// `!` on typed arrays in this file: the engine names only slots that it gave to onAccept.
export class Exchanges {
  readonly #inputs: ExchangesInputs;
  readonly #slots: ConnectionSlots;

  constructor(inputs: ExchangesInputs, slots: ConnectionSlots) {
    this.#inputs = inputs;
    this.#slots = slots;
  }

  /** Bytes were passed on. */
  passed(slot: number, toBackend: number, toClient: number): void {
    const { seen } = this.#slots;
    if ((seen[slot]! & BOTH_SPOKE) === BOTH_SPOKE) return;
    if (toBackend > 0) seen[slot]! |= SEEN.request;
    if (toClient > 0 && (seen[slot]! & SEEN.answer) === 0) this.#answered(slot);
  }

  /** The backend in a row has ended first. True: without an answer, though it was its turn to speak. */
  backendEnded(slot: number, row: number): boolean {
    const { acceptedMs, seen } = this.#slots;
    const before = seen[slot]!;
    if ((before & (SEEN.answer | SEEN.backendEnd)) !== 0) return false;
    seen[slot] = before | SEEN.backendEnd;
    const ageMs = this.#inputs.clock.nowMs() - acceptedMs[slot]!;
    if ((before & SEEN.request) === 0 && ageMs > EARLY_MS) return false;
    this.#inputs.counters.closedEarly(row);
    return true;
  }

  #answered(slot: number): void {
    const { acceptedMs, backend, listener, seen } = this.#slots;
    seen[slot]! |= SEEN.answer;
    this.#inputs.passiveHealth.answered(backend[slot]!);
    const sinceAcceptMs = this.#inputs.clock.nowMs() - acceptedMs[slot]!;
    this.#inputs.counters.answered(backend[slot]!, listener[slot]!, sinceAcceptMs);
    this.#inputs.records?.answered(slot, sinceAcceptMs);
  }
}
