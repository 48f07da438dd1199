/** The last bytes of sides that ended in order and were reset later: the other side is reset once it has them. */
import type { CloseReason } from '../engine.ts';
import type { LoopContext } from './loop-context.ts';
import { BACKEND, type SideOfSlot } from './slots.ts';

/** How often to look whether everything is acknowledged. */
const LOOK_MS = 50;
/** How long it may take when the policy sets no limit. */
const LIMIT_MS = 60_000;

interface Delivery {
  readonly reason: CloseReason;
  readonly to: SideOfSlot;
  readonly deadlineMs: number;
}

export class Deliveries {
  readonly #context: LoopContext;
  /** By slot. */
  readonly #deliveries = new Map<number, Delivery>();

  constructor(context: LoopContext) {
    this.#context = context;
  }

  begin(slot: number, to: SideOfSlot): void {
    const { handler, nowMs } = this.#context;
    const limitMs = handler.timeouts(slot).halfClosedMs || LIMIT_MS;
    const reason = to === BACKEND ? 'client_reset' : 'backend_reset';
    this.#deliveries.set(slot, { reason, to, deadlineMs: nowMs + limitMs });
  }

  /** Null while there is something to wait for, or why the connection is to be reset now. */
  check(slot: number): CloseReason | null {
    const { deadlines, nowMs, slots, sys } = this.#context;
    const delivery = this.#deliveries.get(slot);
    if (!delivery) return null;
    const fd = slots.descriptors[2 * slot + delivery.to];
    const isDone = fd === undefined || sys.unacknowledged(fd) <= 0;
    if (isDone || nowMs >= delivery.deadlineMs) return delivery.reason;
    deadlines.set(slot, nowMs + LOOK_MS);
    return null;
  }

  forget(slot: number): void {
    if (this.#deliveries.size > 0) this.#deliveries.delete(slot);
  }
}
