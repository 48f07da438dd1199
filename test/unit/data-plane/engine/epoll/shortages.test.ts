/** The loop of the epoll engine, out of descriptors or memory. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { EPOLL } from '../../../../../data-plane/kernel/linux.ts';
import { errnoName } from '../../../../../data-plane/kernel/errno.ts';
import { CLIENT, connecting, established, LoopRig, SLOTS } from '../../../../../harness/engine/loop-rig.ts';

const { EEXIST, EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC } = constants.errno;
/** While accepting is stopped, how often the engine looks. */
const LOOK_MS = 100;
/** How long a connection waits for memory before it is tried again. */
const RETRY_MS = 60;

describe('the epoll engine, out of descriptors or memory', () => {
  for (const errno of [EMFILE, ENFILE, ENOBUFS, ENOMEM]) {
    it(`says ${errnoName(errno)} once, lets clients wait, looks again and again, and goes on`, () => {
      const rig = new LoopRig();
      const said = `fault Error: ${errnoName(errno)}; clients wait until that is over`;
      assert.deepEqual(rig.turn(rig.clients(-errno)), [said, 'saturated: shortage']);
      for (let look = 1; look <= 50; look++) {
        assert.equal(rig.isAccepting, false, 'no event comes that nothing can be done about');
        assert.deepEqual(rig.turn(), []);
        assert.ok(
          rig.kernel.lastWaitMs > 0 && rig.kernel.lastWaitMs <= LOOK_MS,
          `${rig.kernel.lastWaitMs} ms`,
        );
        rig.clock.stall(LOOK_MS);
        assert.deepEqual(rig.turn(), []);
        assert.equal(rig.isAccepting, true);
        assert.equal(rig.kernel.count('accept'), look, 'one try a look');
        assert.deepEqual(rig.turn(rig.clients(-errno)), [], 'it was said');
      }
      rig.clock.stall(LOOK_MS);
      rig.turn();
      assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['accepted 0']);
      rig.clock.stall(LOOK_MS);
      assert.deepEqual(rig.turn(), ['saturated no more']);
      assert.deepEqual(
        rig.turn(rig.clients(-errno)),
        [said, 'saturated: shortage'],
        'the next time is said again',
      );
    });
  }

  it('says that it is the limit of connections, not a shortage, when it has no slot left', () => {
    const rig = connecting(SLOTS - 1);
    assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['saturated: connection_limit', `accepted ${SLOTS - 1}`]);
    assert.equal(rig.isAccepting, false);
  });

  it('serves whoever is connected meanwhile', () => {
    const rig = established();
    rig.turn(rig.clients(-EMFILE));
    const told = rig.turn(rig.says(rig.client(0), 'hello'), rig.says(rig.backend(0), 'hi'));
    assert.deepEqual(told, ['first-bytes 0']);
    assert.deepEqual([rig.heard(rig.backend(0)), rig.heard(rig.client(0))], ['hello', 'hi']);
  });

  for (const [call, errno, answers] of [
    ['socket', EMFILE, [-EMFILE]],
    ['socket', ENOBUFS, [-ENOBUFS]],
    ['connect', ENOMEM, [-ENOMEM]],
    // Of a client, then of a backend: the sockets that this user may watch with epoll.
    ['epollAdd', ENOSPC, [-ENOSPC]],
    ['epollAdd', ENOSPC, [0, -ENOSPC]],
    ['epollAdd', ENOMEM, [0, -ENOMEM]],
  ] as const) {
    it(`resets one client, blames no backend and lets the others wait after ${errnoName(errno)} of ${call} (${answers.length})`, () => {
      const rig = new LoopRig([0, 1]);
      rig.kernel.answers[call] = [...answers];
      const said = `fault Error: ${errnoName(errno)}; clients wait until that is over`;
      const told = rig.turn(rig.clients(CLIENT, CLIENT));
      assert.deepEqual(told, ['accepted 0', 'closed 0 internal_error', said, 'saturated: shortage']);
      assert.deepEqual([rig.kernel.open.size, rig.engine.connections, rig.isAccepting], [3, 0, false]);
      rig.clock.stall(LOOK_MS);
      rig.turn();
      assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['accepted 0']);
      assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), ['established 0']);
      rig.engine.reset(0, 'shutdown');
      assert.equal(rig.kernel.open.size, 3, 'the lent one, the eventfd and the epoll instance');
    });
  }

  it('resets a client alone that cannot be waited for by a mistake of ours', () => {
    const rig = new LoopRig();
    rig.kernel.answers.epollAdd = [-EEXIST];
    const told = rig.turn(rig.clients(CLIENT));
    assert.deepEqual([told[0], told.at(-1)], ['accepted 0', 'closed 0 internal_error']);
    assert.match(told[1] ?? '', /fault .*EEXIST/);
    assert.deepEqual([rig.kernel.open.size, rig.isAccepting], [3, true]);
  });
});

describe('a connection for whose bytes the kernel has no memory', () => {
  for (const errno of [ENOBUFS, ENOMEM]) {
    it(`lives through ${errnoName(errno)}, is tried again without an event, and loses nothing`, () => {
      const rig = established();
      rig.kernel.answers.send = Array.from({ length: 20 }, () => -errno);
      const said = `fault Error: ${errnoName(errno)}; clients wait until that is over`;
      assert.deepEqual(rig.turn(rig.says(rig.client(0), 'hello')), [said, 'saturated: shortage']);
      let tries = 0;
      for (; rig.heard(rig.backend(0)) === '' && tries < 50; tries++) {
        rig.turn();
        assert.ok(rig.kernel.lastWaitMs > 0, 'it does not spin');
        rig.clock.stall(RETRY_MS);
        assert.deepEqual(rig.turn(), []);
        rig.turn();
      }
      assert.deepEqual([rig.heard(rig.backend(0)), tries], ['hello', 20]);
      rig.turn(rig.says(rig.backend(0), 'hi'));
      assert.equal(rig.heard(rig.client(0)), 'hi');
      const after: string[] = [];
      for (let look = 0; look < 3; look++) {
        rig.clock.stall(LOOK_MS);
        after.push(...rig.turn());
      }
      assert.deepEqual(after, ['saturated no more']);
      rig.turn();
      assert.ok(rig.kernel.lastWaitMs > 1_000, 'nothing is tried any more');
    });

    it(`is given up, as a failure of ours, after ${errnoName(errno)} for too long`, () => {
      const rig = established();
      rig.kernel.answers.send = Array.from({ length: 1_000 }, () => -errno);
      rig.turn(rig.says(rig.client(0), 'hello'));
      const told: string[] = [];
      let tries = 0;
      for (; told.length === 0 && tries < 500; tries++) {
        rig.clock.stall(RETRY_MS);
        rig.turn();
        told.push(...rig.turn());
      }
      assert.deepEqual(told, [`fault Error: ${errnoName(errno)} for too long`, 'closed 0 internal_error']);
      assert.ok(tries > 100, `${tries} tries`);
      assert.equal(rig.kernel.open.size, 3);
    });
  }

  it('leaves no retry to the next owner of its slot', () => {
    const rig = established();
    rig.kernel.answers.send = [-ENOMEM, -ENOMEM, -ENOMEM];
    rig.turn(rig.says(rig.client(0), 'hello'));
    rig.engine.reset(0, 'shutdown');
    rig.clock.stall(LOOK_MS);
    rig.turn();
    assert.deepEqual(rig.turn(rig.clients(CLIENT)).at(-1), 'accepted 0');
    rig.clock.stall(RETRY_MS);
    rig.turn();
    rig.turn();
    assert.ok(rig.kernel.lastWaitMs > 0);
    assert.equal(rig.kernel.sent.size, 0);
  });
});
