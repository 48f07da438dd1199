/** A turn of one connection, whatever recv and send answer: what came first is passed on, nothing twice. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { Relay, STANDING } from '../../../../../data-plane/engine/epoll/relay.ts';
import {
  BACKEND,
  CLIENT,
  SIDE,
  type SideOfSlot,
  Slots,
} from '../../../../../data-plane/engine/epoll/slots.ts';
import { errnoName } from '../../../../../data-plane/engine/errno.ts';
import { ScriptedKernel } from '../../../../harness/scripted-kernel.ts';

const { EAGAIN, ECONNRESET, EHOSTUNREACH, EINTR, ENOBUFS, ENOMEM, EPIPE, ETIMEDOUT } = constants.errno;
const FATAL = [ECONNRESET, ETIMEDOUT, EHOSTUNREACH, ENOBUFS, ENOMEM];
const SIDES = [CLIENT, BACKEND] as const;
const NAMES = ['client', 'backend'] as const;
const BROKEN = [STANDING.clientBroken, STANDING.backendBroken] as const;
const DELIVER = [STANDING.deliverToClient, STANDING.deliverToBackend] as const;

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** One connection that is established, with nothing said yet. */
class Rig {
  readonly kernel = new ScriptedKernel();
  readonly slots = new Slots(new Int32Array(2));
  readonly slot = this.slots.take();
  readonly relay: Relay;
  readonly fds: readonly number[];

  constructor(parkingBytes?: number) {
    this.relay = new Relay(this.slots, this.kernel, this.kernel.ffi, null, parkingBytes);
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
    return this.relay.turn(this.slot);
  }
}

describe('a relay whose reads fail', () => {
  for (const side of SIDES) {
    const other = side === CLIENT ? BACKEND : CLIENT;
    for (const errno of FATAL) {
      it(`passes on what the ${NAMES[side]} said before ${errnoName(errno)}, and says which side is broken`, () => {
        const rig = new Rig();
        rig.says(side, 'hello', -errno);
        assert.equal(rig.turn(), BROKEN[side]);
        assert.equal(rig.heard(other), 'hello');
        assert.equal(rig.relay.moved[other], 5);
      });
    }
  }

  it('waits for the next event after EAGAIN, and asks again after EINTR', () => {
    const rig = new Rig();
    rig.says(CLIENT, -EINTR, 'hello', -EAGAIN, 'more');
    assert.equal(rig.turn(), STANDING.open);
    assert.deepEqual([rig.heard(BACKEND), rig.has(CLIENT, SIDE.readable)], ['hello', false]);
    rig.turn();
    assert.equal(rig.heard(BACKEND), 'hello', 'nothing is read without an event');
    rig.flag(CLIENT, SIDE.readable);
    rig.turn();
    assert.equal(rig.heard(BACKEND), 'hellomore');
  });
});

describe('a relay whose sends fail', () => {
  for (const side of SIDES) {
    const other = side === CLIENT ? BACKEND : CLIENT;
    for (const errno of FATAL) {
      it(`says that the ${NAMES[side]} is broken after ${errnoName(errno)}`, () => {
        const rig = new Rig();
        rig.says(other, 'hello');
        rig.kernel.answers.send = [-errno];
        assert.equal(rig.turn(), BROKEN[side]);
        assert.deepEqual([rig.relay.moved[side], rig.heard(side)], [0, '']);
      });
    }

    it(`says so too when the ${NAMES[side]} breaks with bytes parked for it, and forgets them`, () => {
      const rig = new Rig();
      rig.says(other, 'hello');
      rig.kernel.answers.send = [2];
      assert.equal(rig.turn(), STANDING.open);
      assert.deepEqual([rig.heard(side), rig.relay.parkedBytes], ['he', 3]);
      rig.flag(side, SIDE.writable);
      rig.kernel.answers.send = [-ECONNRESET];
      assert.equal(rig.turn(), BROKEN[side]);
      rig.relay.forget(rig.slot);
      assert.equal(rig.relay.parkedBytes, 0);
    });

    it(`brings all that the ${NAMES[side]} said in order, though it takes nothing any more (EPIPE)`, () => {
      const rig = new Rig();
      rig.says(other, 'lost');
      rig.kernel.answers.send = [-EPIPE];
      assert.equal(rig.turn(), STANDING.open);
      rig.says(other, 'lost too');
      rig.says(side, 'last words', 0);
      assert.equal(rig.turn(), DELIVER[other]);
      assert.deepEqual([rig.heard(side), rig.heard(other)], ['', 'last words']);
      assert.equal(rig.kernel.count(`endOutput ${rig.fds[other]}`), 1);
    });

    it(`brings them too when the ${NAMES[side]} has ended before a send to it fails`, () => {
      const rig = new Rig();
      rig.says(side, 'bye', 0);
      assert.equal(rig.turn(), STANDING.open);
      rig.says(other, 'lost');
      rig.kernel.answers.send = [-ECONNRESET];
      assert.equal(rig.turn(), DELIVER[other]);
      assert.deepEqual([rig.heard(side), rig.heard(other)], ['', 'bye']);
    });
  }

  it('sends each byte once, in order, however little is taken at a time', () => {
    for (const parkingBytes of [undefined, 0]) {
      const rig = new Rig(parkingBytes);
      rig.says(CLIENT, 'a long story, ', 'told in parts', 0);
      rig.kernel.answers.send = [3, -EAGAIN, 0, 1, 5, 2, 30, 30];
      for (let turn = 0; turn < 20 && !rig.has(BACKEND, SIDE.outputEnded); turn++) {
        assert.equal(rig.turn(), STANDING.open);
        assert.equal(rig.kernel.count('endOutput') === 0, !rig.has(BACKEND, SIDE.outputEnded));
        rig.flag(BACKEND, SIDE.writable);
      }
      assert.deepEqual([rig.heard(BACKEND), rig.relay.parkedBytes], ['a long story, told in parts', 0]);
      assert.equal(rig.kernel.count('endOutput'), 1, 'the end comes last');
    }
  });

  it('leaves in the kernel what it may not park, and drops there what was sent', () => {
    const rig = new Rig(0);
    rig.says(CLIENT, 'hello');
    rig.kernel.answers.send = [2];
    assert.equal(rig.turn(), STANDING.open);
    assert.deepEqual([rig.heard(BACKEND), rig.relay.parkedBytes], ['he', 0]);
    assert.deepEqual(rig.kernel.inbox.get(rig.fds[CLIENT]!), [bytes('llo')]);
  });

  for (const [what, answer] of [
    ['not', -ENOMEM],
    ['only in part', 1],
  ] as const) {
    it(`resets rather than send bytes twice that are ${what} dropped after they were sent`, () => {
      const rig = new Rig(0);
      rig.says(CLIENT, 'hello');
      rig.kernel.answers.discard = [answer];
      assert.equal(rig.turn(), STANDING.clientBroken);
      assert.deepEqual([rig.heard(BACKEND), rig.relay.moved[BACKEND]], ['hello', 5]);
    });
  }
});

describe('a relay that is told of an error', () => {
  for (const side of SIDES) {
    it(`reads the ${NAMES[side]} to the end before it asks which`, () => {
      const rig = new Rig();
      rig.says(side, 'hello', -EAGAIN);
      rig.flag(side, SIDE.failing);
      rig.kernel.answers.pendingError = [ECONNRESET];
      assert.equal(rig.turn(), BROKEN[side]);
      assert.equal(rig.heard(side === CLIENT ? BACKEND : CLIENT), 'hello');
    });

    it(`leaves the ${NAMES[side]} open when there is none, and when it only takes nothing any more`, () => {
      for (const errno of [0, EPIPE]) {
        const rig = new Rig();
        rig.flag(side, SIDE.failing);
        rig.kernel.answers.pendingError = [errno];
        assert.equal(rig.turn(), STANDING.open);
        assert.deepEqual(
          [rig.has(side, SIDE.failing), rig.has(side, SIDE.outputBroken)],
          [false, errno === EPIPE],
        );
      }
    });
  }
});
