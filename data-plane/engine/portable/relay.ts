/**
 * Moves bytes between the two sides of an established connection: decides, and acts on the sides alone.
 *
 * Invariants
 *  - a side is read only while less than PENDING_LIMIT waits for the other: memory is bounded, and back-pressure
 *    reaches the sender through the kernel;
 *  - the end of a side's input is passed on after its last byte, and only when it was in order;
 *  - a side that ended in order and is reset later still has all its bytes delivered: only the bytes towards it are
 *    dropped. The other side learns of the reset once it has acknowledged them (`over` says which side to wait for).
 */
import { ERRNO } from '../errno.ts';
import type { Side } from './side.ts';

/** Node reads 64 KB at a time, so at most 64 KB more than this wait for a side. */
const PENDING_LIMIT = 128 * 1024;

export type RelayEnd =
  /** Both directions are done. */
  | { readonly type: 'completed' }
  /** This side is broken: reset the other one now. */
  | { readonly type: 'broken'; readonly side: Side }
  /** `side` is broken, and everything it had sent in order is in the kernel: reset the other when it has got it. */
  | { readonly type: 'deliver'; readonly side: Side; readonly to: Side };

export class Relay {
  readonly #client: Side;
  readonly #backend: Side;
  readonly #over: (end: RelayEnd) => void;

  constructor(client: Side, backend: Side, over: (end: RelayEnd) => void) {
    this.#client = client;
    this.#backend = backend;
    this.#over = over;
  }

  received(from: Side, chunk: Uint8Array): boolean {
    const to = this.#other(from);
    if (to.isOutputBroken) return true;
    to.send(chunk);
    return to.pending < PENDING_LIMIT;
  }

  inputEnded(from: Side): void {
    const to = this.#other(from);
    if (to.pending === 0 && !to.isOutputBroken) to.endOutput();
    this.#check();
  }

  flushed(to: Side): void {
    const from = this.#other(to);
    if (from.isInputOver) {
      if (to.pending === 0) to.endOutput();
    } else if (to.pending < PENDING_LIMIT) {
      from.resume();
    }
  }

  outputEnded(): void {
    this.#check();
  }

  inputBroke(from: Side): void {
    this.#over({ type: 'broken', side: from });
  }

  /** EPIPE: the peer ended its output in order before it was reset. Any other errno: it did not. */
  outputBroke(to: Side, errno: number): void {
    if (errno !== ERRNO.pipe) {
      this.#over({ type: 'broken', side: to });
      return;
    }
    // Read on, and drop it: an end or a reset of the other side must still be seen.
    this.#other(to).resume();
    this.#check();
  }

  #check(): void {
    const client = this.#client;
    const backend = this.#backend;
    for (const side of [client, backend]) {
      const to = this.#other(side);
      if (!side.isOutputBroken || !side.isInputOver || !to.isOutputEnded) continue;
      this.#over({ type: 'deliver', side, to });
      return;
    }
    if (isOutputDone(client) && isOutputDone(backend) && client.isInputOver && backend.isInputOver) {
      this.#over(client.isOutputBroken ? { type: 'broken', side: client } : { type: 'completed' });
    }
  }

  #other(side: Side): Side {
    return side === this.#client ? this.#backend : this.#client;
  }
}

function isOutputDone(side: Side): boolean {
  return side.isOutputEnded || side.isOutputBroken;
}
