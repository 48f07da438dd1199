/**
 * What a backend gets before everything else: a header that says whose connection this is, in one write.
 *
 * Invariants
 *  - it goes out whole or the attempt has failed: a backend never gets a piece of one, and no byte of a client before it;
 *  - a pool that has none costs one call of the handler.
 */
import type { Ffi } from '../../../kernel/ffi.ts';
import { EAGAIN } from '../../../kernel/linux.ts';
import { ERRNO } from '../../../kernel/errno.ts';
import { PeerAddress } from '../../peer-address.ts';
import type { LoopContext } from '../loop-context.ts';
import { BACKEND, CLIENT } from '../slots.ts';

/** What fits into one segment on every path. */
const LONGEST = 536;

export class Prefaces {
  readonly #context: LoopContext;
  readonly #bytes = new Uint8Array(LONGEST);
  readonly #bytesAt: number;
  readonly #client = new PeerAddress();
  readonly #local = new PeerAddress();

  constructor(context: LoopContext, ffi: Pick<Ffi, 'address'>) {
    this.#context = context;
    this.#bytesAt = ffi.address(this.#bytes);
  }

  /** Sends it to the backend that a slot is connected to. 0, or the errno for which the attempt has failed. */
  send(slot: number): number {
    const { handler, slots, sys } = this.#context;
    if (!handler.hasPreface(slot)) return 0;
    // `!`: a slot is within the tables.
    const client = slots.descriptors[2 * slot + CLIENT]!;
    this.#keep(this.#client, sys.readPeer(client));
    this.#keep(this.#local, sys.readLocal(client));
    const length = handler.preface(slot, this.#client, this.#local, this.#bytes);
    if (length === 0) return 0;
    const taken = sys.send(slots.descriptors[2 * slot + BACKEND]!, this.#bytesAt, length);
    if (taken === length) return 0;
    // Nothing was sent on this socket before, so there is room unless the kernel has no memory for sockets.
    return taken >= 0 || taken === -EAGAIN ? ERRNO.noBuffers : -taken;
  }

  /** A client that is gone already has no address any more. */
  #keep(address: PeerAddress, result: number): void {
    const { peerIp, peerPort } = this.#context.sys;
    if (result < 0) address.family = 0;
    else address.set(peerIp.bytes, peerIp.start, peerIp.length, peerPort);
  }
}
