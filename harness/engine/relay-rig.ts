/** One connection of a relay on a scripted kernel: established, with nothing said yet. */
import { Relay } from '../../data-plane/engine/epoll/relay.ts';
import { BACKEND, CLIENT, SIDE, type SideOfSlot, Slots } from '../../data-plane/engine/epoll/slots.ts';
import { RELAY_STATE } from '../../data-plane/engine/epoll/relay-state.ts';
import { SideIo } from '../../data-plane/engine/tls/side-io.ts';
import { ScriptedKernel } from './scripted-kernel.ts';

export const SIDES = [CLIENT, BACKEND] as const;
export const NAMES = ['client', 'backend'] as const;
/** By the side that gets all that was said before the other one is reset. */
export const DELIVER = [RELAY_STATE.deliverToClient, RELAY_STATE.deliverToBackend] as const;

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

const TURN_BYTES = 256 * 1024;

/** The most that a relay of tests parks. */
export const PARKING_BYTES = 8 * 1024 * 1024;

export class RelayRig {
  readonly kernel = new ScriptedKernel();
  readonly slots = new Slots(new Int32Array(2));
  readonly slot = this.slots.take();
  readonly relay: Relay;
  readonly fds: readonly number[];

  constructor(parkingBytes = PARKING_BYTES) {
    this.relay = new Relay(
      this.slots,
      new SideIo(this.slots, this.kernel, this.kernel.ffi),
      this.kernel.ffi,
      null,
      parkingBytes,
    );
    this.fds = SIDES.map((side) => {
      const fd = this.kernel.lend();
      this.slots.descriptors[2 * this.slot + side] = fd;
      return fd;
    });
    for (const side of SIDES) this.flag(side, SIDE.writable);
  }

  /** What an event says of a side. */
  flag(side: SideOfSlot, flags: number): void {
    this.slots.sides[2 * this.slot + side]! |= flags;
  }

  has(side: SideOfSlot, flag: number): boolean {
    return (this.slots.sides[2 * this.slot + side]! & flag) !== 0;
  }

  /** A side has this to read: bytes, 0 for the end, or an errno negated. */
  says(side: SideOfSlot, ...what: (string | number)[]): void {
    const all = what.map((each) => (typeof each === 'number' ? each : bytes(each)));
    this.kernel.inbox.set(this.fds[side]!, all);
    const isMore = what.length > 1 || typeof what[0] === 'number';
    this.flag(side, isMore ? SIDE.readable | SIDE.ending : SIDE.readable);
  }

  /** What a side got. */
  heard(side: SideOfSlot): string {
    return new TextDecoder().decode(Uint8Array.from(this.kernel.sent.get(this.fds[side]!) ?? []));
  }

  turn(): number {
    return this.relay.turn(this.slot, TURN_BYTES);
  }
}
