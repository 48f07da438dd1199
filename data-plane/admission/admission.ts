/**
 * Decides whether a client may connect, before any backend is chosen: by the lists of its listener, then by its limits.
 *
 * Invariants
 *  - what a connection holds is released exactly once, at `released`, whatever plan runs by then;
 *  - a dry run refuses nothing, and a connection that it would have refused holds nothing;
 *  - a listener without limits costs nothing here but the read of one number when a connection ends.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import type { CloseReason } from '../../core/wire/close-reasons.ts';
import type { Limits } from '../../core/model/resources.ts';
import type { PeerAddress } from '../engine/peer-address.ts';
import { LISTENER_COUNTERS, MAX_SLOTS, MAX_SOURCES, type WorkerCells } from '../memory/shared-memory.ts';
import { findCidr } from './cidr-table.ts';
import { entryOfListener, FULL, type LimitCells, LimitTable, UNTRACKED } from './limit-table.ts';
import { DENIED, type ListenerAdmission } from './listener-admission.ts';

const WOULD_BE_LIMITED = LISTENER_COUNTERS.indexOf('wouldBeLimited');
/** More than there can be: 0 means no limit. */
const NO_LIMIT = 2 ** 31 - 1;

export interface AdmissionInputs {
  readonly shared: LimitCells;
  readonly own: Pick<WorkerCells, 'limitOpen' | 'listeners' | 'worker'>;
  readonly clock: Pick<Clock, 'nowMs'>;
}

// `!` in this file: slots and rows lie within the cells.
export class Admission {
  readonly #inputs: AdmissionInputs;
  readonly #table: LimitTable;
  /** By slot: 1 more than the entry that it holds, of its source or else of its listener; 0: it holds nothing. */
  readonly #held = new Int32Array(MAX_SLOTS);

  constructor(inputs: AdmissionInputs) {
    this.#inputs = inputs;
    this.#table = new LimitTable(inputs.shared, inputs.own);
  }

  /** Why a client is refused; null: it may connect, and counts until `released`. Ask once for each connection. */
  refusal(
    slot: number,
    listener: number,
    { limits, sources }: ListenerAdmission,
    client: PeerAddress,
  ): CloseReason | null {
    if (sources !== null && findCidr(sources, client.ip, client.family === 6 ? 16 : 4) === DENIED)
      return 'denied';
    if (limits === null || this.#hold(slot, listener, limits, client)) return null;
    if (!limits.dryRun) return 'limited';
    this.#inputs.own.listeners[listener * LISTENER_COUNTERS.length + WOULD_BE_LIMITED]! += 1;
    return null;
  }

  /** A connection has ended. */
  released(slot: number, listener: number): void {
    const entry = this.#held[slot]! - 1;
    if (entry === -1) return;
    this.#held[slot] = 0;
    this.#table.release(entry);
    if (entry < MAX_SOURCES) this.#table.release(entryOfListener(listener));
  }

  /**
   * Open connections first: what they refuse takes nothing of a rate. The source before the listener: a source that is
   * over its limits takes nothing from the others.
   */
  #hold(slot: number, listener: number, limits: Limits, client: PeerAddress): boolean {
    const { connections, perSource, rate, ratePerSource } = limits;
    const table = this.#table;
    const nowMs = this.#inputs.clock.nowMs();
    const whole = entryOfListener(listener);
    const isBySource = perSource > 0 || ratePerSource > 0;
    const source = isBySource ? table.holdSource(listener, client, perSource || NO_LIMIT, nowMs) : UNTRACKED;
    if (source === FULL) return false;
    if (!table.holdListener(listener, connections || NO_LIMIT)) {
      if (source !== UNTRACKED) table.release(source);
      return false;
    }
    this.#held[slot] = (source === UNTRACKED ? whole : source) + 1;
    if (source !== UNTRACKED && ratePerSource > 0 && !table.spend(source, ratePerSource, nowMs))
      return this.#giveBack(slot, listener);
    if (rate > 0 && !table.spend(whole, rate, nowMs)) return this.#giveBack(slot, listener);
    return true;
  }

  #giveBack(slot: number, listener: number): false {
    this.released(slot, listener);
    return false;
  }
}
