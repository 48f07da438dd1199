/** Waits until a side has received the last bytes of the other one, which was reset, and then resets it too. */
import type { CloseReason } from '../../../core/wire/close-reasons.ts';
import { DELIVERY_POLL_MS, deliveryLimit } from '../timeouts.ts';
import type { LoopContext } from './loop-context.ts';
import { BACKEND, type SideOfSlot } from './slots.ts';

interface Delivery {
  readonly reason: CloseReason;
  readonly to: SideOfSlot;
  readonly deadlineMs: number;
}

export class ResetDeliveries {
  readonly #context: LoopContext;
  /** By slot. */
  readonly #deliveries = new Map<number, Delivery>();

  constructor(context: LoopContext) {
    this.#context = context;
  }

  begin(slot: number, to: SideOfSlot): void {
    const { handler, nowMs } = this.#context;
    const gone = to === BACKEND ? 'client_reset' : 'backend_reset';
    const { ms, reason } = deliveryLimit(handler.timeouts(slot), gone);
    this.#deliveries.set(slot, { reason, to, deadlineMs: nowMs + ms });
  }

  /** Null while there is something to wait for; otherwise why the connection must be reset now. */
  check(slot: number): CloseReason | null {
    const { deadlines, nowMs, slots, sys } = this.#context;
    const delivery = this.#deliveries.get(slot);
    if (!delivery) return null;
    const fd = slots.descriptors[2 * slot + delivery.to];
    const isDone = fd === undefined || sys.unacknowledged(fd) <= 0;
    if (isDone || nowMs >= delivery.deadlineMs) return delivery.reason;
    deadlines.set(slot, nowMs + DELIVERY_POLL_MS);
    return null;
  }

  forget(slot: number): void {
    if (this.#deliveries.size > 0) this.#deliveries.delete(slot);
  }
}
