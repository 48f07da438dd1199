/** A turn of one connection, whatever recv and send answer: what came first is passed on, nothing twice. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { BACKEND, CLIENT, SIDE } from '../../../../../data-plane/engine/epoll/slots.ts';
import { RELAY_STATE } from '../../../../../data-plane/engine/epoll/relay-state.ts';
import { errnoName } from '../../../../../data-plane/kernel/errno.ts';
import { bytes, DELIVER, NAMES, RelayRig, SIDES } from '../../../../../harness/engine/relay-rig.ts';

const { EAGAIN, ECONNRESET, EHOSTUNREACH, EINTR, ENOBUFS, ENOMEM, EPIPE, ETIMEDOUT } = constants.errno;
const FATAL = [ECONNRESET, ETIMEDOUT, EHOSTUNREACH];
const TRANSIENT = [ENOBUFS, ENOMEM];
const BROKEN = [RELAY_STATE.clientBroken, RELAY_STATE.backendBroken] as const;

describe('a relay whose reads fail', () => {
  for (const side of SIDES) {
    const other = side === CLIENT ? BACKEND : CLIENT;
    for (const errno of FATAL) {
      it(`passes on what the ${NAMES[side]} said before ${errnoName(errno)}, and says which side is broken`, () => {
        const rig = new RelayRig();
        rig.says(side, 'hello', -errno);
        assert.equal(rig.turn(), DELIVER[other]);
        assert.equal(rig.heard(other), 'hello');
        assert.equal(rig.relay.moved[other], 5);
        assert.equal(rig.kernel.count('endOutput'), 0, 'a reset is no end');
      });
    }
    for (const errno of TRANSIENT) {
      it(`asks the ${NAMES[side]} again after ${errnoName(errno)}, once it is told to`, () => {
        const rig = new RelayRig();
        rig.says(side, 'hello', -errno, ' again', 0);
        assert.equal(rig.turn(), RELAY_STATE.open);
        assert.deepEqual([rig.relay.memoryErrno, rig.has(side, SIDE.readable)], [errno, false]);
        rig.flag(side, SIDE.readable);
        rig.turn();
        assert.deepEqual([rig.relay.memoryErrno, rig.heard(other)], [0, 'hello again']);
      });
    }

    it(`passes on what the ${NAMES[side]} said before a reset, though the other takes it late`, () => {
      const rig = new RelayRig();
      rig.says(side, 'hello, ', 'world', -ECONNRESET);
      rig.kernel.answers.send = [2];
      assert.equal(rig.turn(), RELAY_STATE.open);
      rig.flag(other, SIDE.writable);
      assert.equal(rig.turn(), DELIVER[other]);
      assert.deepEqual([rig.heard(other), rig.relay.parkedBytes], ['hello, world', 0]);
    });
  }

  it('waits for the next event after EAGAIN, and asks again after EINTR', () => {
    const rig = new RelayRig();
    rig.says(CLIENT, -EINTR, 'hello', -EAGAIN, 'more');
    assert.equal(rig.turn(), RELAY_STATE.open);
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
      // The error was told to the send: what is read after the last byte looks like an end, or like nothing more.
      for (const last of [0, -EAGAIN]) {
        it(`still passes on what the ${NAMES[side]} had said before ${errnoName(errno)}, then ${last}`, () => {
          const rig = new RelayRig();
          rig.kernel.inbox.set(rig.fds[side]!, [bytes('413'), last]);
          rig.says(other, 'lost');
          rig.kernel.answers.send = [-errno];
          const lost = rig.turn();
          // No event has told of it yet: the relay goes on by itself.
          const relayState = rig.relay.unfinished ? rig.turn() : lost;
          assert.deepEqual([relayState, rig.heard(side), rig.heard(other)], [DELIVER[other], '', '413']);
          assert.equal(rig.kernel.count('endOutput'), 0, 'a reset is no end');
        });
      }
    }

    it(`keeps what the ${NAMES[side]} had said for the other, which takes it late, and drops what that says`, () => {
      const rig = new RelayRig();
      rig.says(other, 'lost');
      rig.says(side, '413', ' too large', 0);
      rig.kernel.answers.send = side === BACKEND ? [-ECONNRESET, 1] : [1, -ECONNRESET];
      for (let turn = 0; turn < 3; turn++) {
        assert.equal(rig.turn(), RELAY_STATE.open);
        rig.says(other, 'lost too');
      }
      rig.flag(other, SIDE.writable);
      assert.equal(rig.turn(), DELIVER[other]);
      assert.deepEqual([rig.heard(side), rig.heard(other), rig.relay.parkedBytes], ['', '413 too large', 0]);
    });

    it(`says that the ${NAMES[side]} is broken at once when the other is reset too`, () => {
      const rig = new RelayRig();
      rig.says(other, 'lost', -ECONNRESET);
      rig.says(side, '413', 0);
      rig.kernel.answers.send = side === BACKEND ? [-ECONNRESET, 1] : [1, -ECONNRESET];
      const relayStates = [rig.turn(), rig.turn(), rig.turn()];
      assert.ok(relayStates.includes(BROKEN[side]), relayStates.join());
    });

    for (const errno of TRANSIENT) {
      it(`keeps what ${errnoName(errno)} did not let through to the ${NAMES[side]}, until it is told to try again`, () => {
        for (const parkingBytes of [undefined, 0]) {
          const rig = new RelayRig(parkingBytes);
          rig.says(other, 'hello');
          rig.kernel.answers.send = [-errno, -errno];
          for (let turn = 0; turn < 2; turn++) {
            assert.equal(rig.turn(), RELAY_STATE.open);
            assert.deepEqual([rig.relay.memoryErrno, rig.has(side, SIDE.writable)], [errno, false]);
            rig.turn();
            assert.equal(rig.relay.memoryErrno, 0, 'not asked again before that');
            rig.flag(side, SIDE.writable);
          }
          assert.equal(rig.turn(), RELAY_STATE.open);
          assert.deepEqual([rig.heard(side), rig.relay.parkedBytes], ['hello', 0]);
        }
      });
    }

    it(`forgets what is parked for the ${NAMES[side]} when it breaks`, () => {
      const rig = new RelayRig();
      rig.says(other, 'hello');
      rig.kernel.answers.send = [2];
      assert.equal(rig.turn(), RELAY_STATE.open);
      assert.deepEqual([rig.heard(side), rig.relay.parkedBytes], ['he', 3]);
      rig.flag(side, SIDE.writable);
      rig.kernel.answers.send = [-ECONNRESET];
      rig.turn();
      assert.equal(rig.relay.parkedBytes, 0);
    });

    it(`brings all that the ${NAMES[side]} said in order, though it takes nothing any more (EPIPE)`, () => {
      const rig = new RelayRig();
      rig.says(other, 'lost');
      rig.kernel.answers.send = [-EPIPE];
      assert.equal(rig.turn(), RELAY_STATE.open);
      rig.says(other, 'lost too');
      rig.says(side, 'last words', 0);
      assert.equal(rig.turn(), DELIVER[other]);
      assert.deepEqual([rig.heard(side), rig.heard(other)], ['', 'last words']);
      assert.equal(rig.kernel.count(`endOutput ${rig.fds[other]}`), 1);
    });

    it(`brings them too when the ${NAMES[side]} has ended before a send to it fails`, () => {
      const rig = new RelayRig();
      rig.says(side, 'bye', 0);
      assert.equal(rig.turn(), RELAY_STATE.open);
      rig.says(other, 'lost');
      rig.kernel.answers.send = [-ECONNRESET];
      assert.equal(rig.turn(), DELIVER[other]);
      assert.deepEqual([rig.heard(side), rig.heard(other)], ['', 'bye']);
    });
  }

  it('sends each byte once, in order, however little is taken at a time', () => {
    for (const parkingBytes of [undefined, 0]) {
      const rig = new RelayRig(parkingBytes);
      rig.says(CLIENT, 'a long story, ', 'told in parts', 0);
      rig.kernel.answers.send = [3, -EAGAIN, 0, 1, 5, 2, 30, 30];
      for (let turn = 0; turn < 20 && !rig.has(BACKEND, SIDE.outputEnded); turn++) {
        assert.equal(rig.turn(), RELAY_STATE.open);
        assert.equal(rig.kernel.count('endOutput') === 0, !rig.has(BACKEND, SIDE.outputEnded));
        rig.flag(BACKEND, SIDE.writable);
      }
      assert.deepEqual([rig.heard(BACKEND), rig.relay.parkedBytes], ['a long story, told in parts', 0]);
      assert.equal(rig.kernel.count('endOutput'), 1, 'the end comes last');
    }
  });

  it('leaves in the kernel what it may not park, and drops there what was sent', () => {
    const rig = new RelayRig(0);
    rig.says(CLIENT, 'hello');
    rig.kernel.answers.send = [2];
    assert.equal(rig.turn(), RELAY_STATE.open);
    assert.deepEqual([rig.heard(BACKEND), rig.relay.parkedBytes], ['he', 0]);
    assert.deepEqual(rig.kernel.inbox.get(rig.fds[CLIENT]!), [bytes('llo')]);
  });

  for (const [what, answer] of [
    ['not', -ENOMEM],
    ['only in part', 1],
  ] as const) {
    it(`resets rather than send bytes twice that are ${what} dropped after they were sent`, () => {
      const rig = new RelayRig(0);
      rig.says(CLIENT, 'hello');
      rig.kernel.answers.discard = [answer];
      assert.equal(rig.turn(), RELAY_STATE.clientBroken);
      assert.deepEqual([rig.heard(BACKEND), rig.relay.moved[BACKEND]], ['hello', 5]);
    });
  }
});

describe('a relay that is told of an error', () => {
  for (const side of SIDES) {
    const other = side === CLIENT ? BACKEND : CLIENT;
    it(`reads the ${NAMES[side]} to the end before it asks which`, () => {
      const rig = new RelayRig();
      rig.says(side, 'hello', -EAGAIN);
      rig.flag(side, SIDE.failing);
      rig.kernel.answers.pendingError = [ECONNRESET];
      assert.equal(rig.turn(), RELAY_STATE.open);
      // The error was told, so the end of the rest is none.
      rig.says(side, ', world', 0);
      assert.equal(rig.turn(), DELIVER[other]);
      assert.equal(rig.kernel.count('endOutput'), 0);
      assert.equal(rig.heard(other), 'hello, world');
    });

    it(`passes on the end of the ${NAMES[side]}, the last of both, before it asks for the error behind it`, () => {
      const rig = new RelayRig();
      rig.says(other, 'hello', 0);
      assert.equal(rig.turn(), RELAY_STATE.open);
      rig.says(side, 'bye', 0);
      rig.flag(side, SIDE.failing);
      rig.kernel.answers.pendingError = [ECONNRESET];
      // Delivering ends with a reset, not with close().
      assert.equal(rig.turn(), DELIVER[other]);
      assert.equal(rig.heard(other), 'bye');
      assert.equal(rig.kernel.count(`endOutput ${rig.fds[other]}`), 1, 'it had ended in order');
    });

    it(`has told the ${NAMES[side]} of the other's end when that fails after the last end of both`, () => {
      const rig = new RelayRig();
      rig.says(other, 'hello', 0);
      assert.equal(rig.turn(), RELAY_STATE.open);
      rig.says(side, 'lost', 0);
      rig.flag(other, SIDE.failing);
      rig.kernel.answers.pendingError = [ECONNRESET];
      assert.equal(rig.turn(), DELIVER[side]);
      assert.equal(rig.heard(side), 'hello');
      assert.equal(rig.kernel.count(`endOutput ${rig.fds[side]}`), 1);
    });

    it(`leaves the last end, that of the ${NAMES[side]}, to close()`, () => {
      const rig = new RelayRig();
      rig.says(other, 'hello', 0);
      assert.equal(rig.turn(), RELAY_STATE.open);
      rig.says(side, 'bye', 0);
      assert.equal(rig.turn(), RELAY_STATE.completed);
      assert.equal(rig.kernel.count('endOutput'), 1);
    });

    it(`leaves the ${NAMES[side]} open when there is none, and when it only takes nothing any more`, () => {
      for (const errno of [0, EPIPE]) {
        const rig = new RelayRig();
        rig.flag(side, SIDE.failing);
        rig.kernel.answers.pendingError = [errno];
        assert.equal(rig.turn(), RELAY_STATE.open);
        assert.deepEqual(
          [rig.has(side, SIDE.failing), rig.has(side, SIDE.outputBroken)],
          [false, errno === EPIPE],
        );
      }
    });
  }
});
