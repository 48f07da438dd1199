/**
 * Reads and writes of one side of a connection: on its socket, or through TLS where the side has it (SIDE.tls).
 *
 * Results are those of the calls on sockets: bytes, 0 for an orderly end, or an errno negated. -EAGAIN means that an
 * event of the socket continues it, of either kind: TLS may have to write in order to read. So an event of such a side
 * makes it both readable and writable (connections.ts).
 *
 * Invariants
 *  - a side without TLS costs one comparison;
 *  - bytes that TLS holds decrypted, at most one record for a side, are no event of its socket: only EAGAIN means that
 *    nothing is left to read, and `isDrained` says that a read has met it;
 *  - a record that was begun but not taken by the kernel is offered again with the same bytes, because what is not taken
 *    stays with the relay: parked, or unread.
 */
import { loadOpenSsl, type OpenSsl, type Role } from '../../kernel/openssl.ts';
import { EAGAIN } from '../../kernel/linux.ts';
import type { Ffi } from '../../kernel/ffi.ts';
import type { Kernel } from '../../kernel/loop-calls.ts';
import { SIDE, type Slots } from '../epoll/slots.ts';

// `!` on typed arrays in this file: a side is within them.
export class SideIo {
  /** Whether the last read through TLS has taken everything that there is. */
  isDrained = false;
  readonly #slots: Slots;
  readonly #sys: Kernel;
  readonly #byte = new Uint8Array(1);
  readonly #byteAt: number;
  #openSsl: OpenSsl | null = null;

  constructor(slots: Slots, sys: Kernel, ffi: Pick<Ffi, 'address'>) {
    this.#slots = slots;
    this.#sys = sys;
    this.#byteAt = ffi.address(this.#byte);
  }

  /** A side has TLS from now on; its handshake is still to come. Returns null, or why that can't be. */
  begin(side: number, context: number, role: Role): string | null {
    this.#openSsl ??= loadOpenSsl().openSsl;
    if (this.#openSsl === null || context === 0) return 'there is no context for TLS';
    const ssl = this.#openSsl.begin(context, this.#slots.descriptors[side]!, role);
    if (ssl === 0) return 'there is no memory for TLS';
    this.#slots.tls[side] = ssl;
    this.#slots.sides[side]! |= SIDE.tls;
    return null;
  }

  /** Whom a backend of this side should be. `nameAt`: the name to announce, or 0. */
  expect(side: number, nameAt: number, ip: Uint8Array | null): void {
    const ssl = this.#slots.tls[side]!;
    if (nameAt !== 0) this.#openSsl!.announce(ssl, nameAt); // `!`: set by `begin`, here and below.
    if (ip !== null) this.#openSsl!.expectIp(ssl, ip);
  }

  /** 0 when it is done, -EAGAIN when an event will continue it, or another errno negated. */
  handshake(side: number): number {
    return this.#openSsl!.handshake(this.#slots.tls[side]!);
  }

  /** Why the handshake has just failed with `errno`, in words. */
  why(side: number, errno: number): string {
    return this.#openSsl!.why(this.#slots.tls[side]!, errno);
  }

  isResumed(side: number): boolean {
    return this.#openSsl!.isResumed(this.#slots.tls[side]!);
  }

  /** Frees what TLS holds for a side. Call it before its descriptor is closed. */
  release(side: number): void {
    if (!this.#isTls(side)) return;
    this.#slots.sides[side]! &= ~SIDE.tls;
    this.#openSsl!.free(this.#slots.tls[side]!);
    this.#slots.tls[side] = 0;
  }

  receive(side: number, at: number, size: number): number {
    if (!this.#isTls(side)) return this.#sys.receive(this.#slots.descriptors[side]!, at, size);
    const ssl = this.#slots.tls[side]!;
    let total = 0;
    let got = 1;
    // Until nothing is left: a read returns one record at most, and many of them are sent on in one call.
    for (; total < size; total += got) {
      got = this.#openSsl!.read(ssl, at + total, size - total);
      if (got <= 0) break;
    }
    this.isDrained = got === -EAGAIN;
    // An end or an error behind the bytes is reported again by the next read.
    return total > 0 ? total : got;
  }

  /** As `receive`, but the bytes stay where they are. */
  peek(side: number, at: number, size: number): number {
    if (!this.#isTls(side)) return this.#sys.peek(this.#slots.descriptors[side]!, at, size);
    this.isDrained = false;
    return this.#openSsl!.peek(this.#slots.tls[side]!, at, size);
  }

  /** Whether there is a byte of the peer that was not read. */
  hasUnread(side: number): boolean {
    if (!this.#isTls(side)) return this.#sys.hasUnread(this.#slots.descriptors[side]!);
    return this.peek(side, this.#byteAt, 1) > 0;
  }

  /** Drops bytes that were peeked at. `at`: memory that may be overwritten. */
  discard(side: number, at: number, size: number): number {
    if (!this.#isTls(side)) return this.#sys.discard(this.#slots.descriptors[side]!, size);
    return this.#openSsl!.read(this.#slots.tls[side]!, at, size);
  }

  send(side: number, at: number, size: number): number {
    if (!this.#isTls(side)) return this.#sys.send(this.#slots.descriptors[side]!, at, size);
    const ssl = this.#slots.tls[side]!;
    let total = 0;
    while (total < size) {
      const taken = this.#openSsl!.write(ssl, at + total, size - total);
      if (taken <= 0) return total > 0 ? total : taken;
      total += taken;
    }
    return total;
  }

  /** Ends the output in order. `isLast`: close() will follow, which ends what is below TLS. */
  endOutput(side: number, isLast: boolean): number {
    if (this.#isTls(side)) {
      const result = this.#openSsl!.end(this.#slots.tls[side]!);
      if (result < 0) return result;
    }
    return isLast ? 0 : this.#sys.endOutput(this.#slots.descriptors[side]!);
  }

  /** The error of the socket, positive, which the kernel reports once; 0: none. */
  pendingError(side: number): number {
    return this.#sys.pendingError(this.#slots.descriptors[side]!);
  }

  #isTls(side: number): boolean {
    return (this.#slots.sides[side]! & SIDE.tls) !== 0;
  }
}
