/** A turn in which a side ends, and the kernel has an error of it to tell: an end in order is passed on as one. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { BACKEND, CLIENT, SIDE } from '../../../../../data-plane/engine/epoll/slots.ts';
import { RELAY_STATE } from '../../../../../data-plane/engine/epoll/relay-state.ts';
import { DELIVER, NAMES, RelayRig, SIDES } from '../../../../../harness/engine/relay-rig.ts';

const { EAGAIN, ECONNRESET, EPIPE } = constants.errno;

describe('a relay that is told of an error', () => {
  for (const side of SIDES) {
    it(`reads the ${NAMES[side]} to the end before it asks which`, () => {
      const rig = new RelayRig();
      rig.says(side, 'hello', -EAGAIN);
      rig.flag(side, SIDE.failing);
      rig.kernel.answers.pendingError = [ECONNRESET];
      assert.equal(rig.turn(), RELAY_STATE.open);
      // The error was told, so the end of the rest is none.
      rig.says(side, ', world', 0);
      assert.equal(rig.turn(), DELIVER[side === CLIENT ? BACKEND : CLIENT]);
      assert.equal(rig.kernel.count('endOutput'), 0);
      assert.equal(rig.heard(side === CLIENT ? BACKEND : CLIENT), 'hello, world');
    });

    it(`passes on the end of the ${NAMES[side]}, the last of both, before it asks for the error behind it`, () => {
      const other = side === CLIENT ? BACKEND : CLIENT;
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
      const other = side === CLIENT ? BACKEND : CLIENT;
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
      const other = side === CLIENT ? BACKEND : CLIENT;
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
