/**
 * Moves bytes between the two sides of an established connection: decides, and acts on the sides alone.
 *
 * Invariants
 *  - a side is read only while less than PENDING_LIMIT waits for the other: memory is bounded, and back-pressure
 *    reaches the sender through the kernel;
 *  - the end of a side's input is passed on after its last byte, and only when it was in order;
 *  - a side that is reset still has all delivered that it said before: only the bytes towards it are dropped. The
 *    other side learns of the reset once it has acknowledged them (`over` says which side to wait for).
 */
import type { Side } from './side.ts';

/** Node reads 64 KB at a time, so at most 64 KB more than this wait for a side. */
const PENDING_LIMIT = 128 * 1024;

export type RelayEnd =
  /** Both directions are done. */
  | { readonly type: 'completed' }
  /** This side is broken: reset the other one now. */
  | { readonly type: 'broken'; readonly side: Side }
  /** `side` is broken, and everything it had said is in the kernel: reset the other when it has got it. */
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
    if (to.pending === 0) this.#passEnd(from, to);
    this.#check();
  }

  flushed(to: Side): void {
    const from = this.#other(to);
    if (!from.isInputOver) {
      if (to.pending < PENDING_LIMIT) from.resume();
    } else if (to.pending === 0) {
      this.#passEnd(from, to);
      this.#check();
    }
  }

  outputEnded(): void {
    this.#check();
  }

  inputBroke(from: Side): void {
    this.#broke(from);
  }

  /** What it had said is to be read still, also when nothing more gets to it. */
  outputBroke(to: Side): void {
    to.resume();
    this.#broke(to);
  }

  #broke(side: Side): void {
    const other = this.#other(side);
    if (other.isOutputBroken && (side.isReset || other.isReset)) {
      // Nobody is left to pass anything on to. The other one was first.
      this.#over({ type: 'broken', side: other });
      return;
    }
    // Read on, and drop it: an end or a reset of the other side must still be seen.
    other.resume();
    this.#check();
  }

  /** No end is passed on of a side that had none. */
  #passEnd(from: Side, to: Side): void {
    if (!from.isReset && !to.isOutputBroken) to.endOutput();
  }

  #check(): void {
    const client = this.#client;
    const backend = this.#backend;
    for (const side of [client, backend]) {
      const to = this.#other(side);
      if (!side.isOutputBroken || !side.isInputOver || to.isOutputBroken) continue;
      if (side.isReset ? to.pending > 0 : !to.isOutputEnded) continue;
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
