/** The loop on a scripted kernel: connects that are answered late, events of connections that are over, and muted senders. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { BULK_BYTES, READ_BYTES } from '../../../../../data-plane/engine/epoll/sizes.ts';
import { EPOLL } from '../../../../../data-plane/kernel/linux.ts';
import { errnoName } from '../../../../../data-plane/kernel/errno.ts';
import {
  CLIENT,
  CONNECT_MS,
  LoopRig,
  connecting,
  established,
} from '../../../../../harness/engine/loop-rig.ts';
import { PARKING_BYTES } from '../../../../../harness/engine/relay-rig.ts';

const { EAGAIN, EALREADY, ECONNREFUSED, ECONNRESET, EISCONN, ETIMEDOUT } = constants.errno;
const FAILS = EPOLL.in | EPOLL.readHangUp | EPOLL.hangUp | EPOLL.error;
/** A connection that lives so long is worth the calls that keep-alive takes. */
const KEEP_ALIVE_AFTER_MS = 30_000;

describe('a connection that lives long', () => {
  it('has its backend asked whether it is there: after 60 s, 6 times, 10 s apart', () => {
    const rig = connecting(1);
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out));
    rig.clock.stall(KEEP_ALIVE_AFTER_MS - 20);
    rig.turn();
    const fd = rig.backend(0);
    const atConnect = [`${fd} noDelay 1`, `${fd} outOfBandInline 1`];
    assert.deepEqual(rig.kernel.options, atConnect, 'most do not live so long');
    rig.clock.stall(40);
    rig.turn();
    assert.deepEqual(rig.kernel.options.slice(2), [
      `${fd} keepAliveIdleSeconds 60`,
      `${fd} keepAliveIntervalSeconds 10`,
      `${fd} keepAliveProbes 6`,
      `${fd} keepAlive 1`,
    ]);
    rig.clock.stall(10 * KEEP_ALIVE_AFTER_MS);
    rig.turn();
    assert.equal(rig.kernel.options.length, 6, 'once');
  });
});

describe('a deadline that passes before events are seen', () => {
  const IDLE_MS = 3_000;

  for (const speaker of ['client', 'backend'] as const) {
    it(`resets no connection whose ${speaker} has spoken meanwhile`, () => {
      const rig = established({ idleMs: IDLE_MS });
      rig.clock.stall(10 * IDLE_MS);
      // The wait brings no event of it: it was interrupted, or others filled it.
      rig.says(rig[speaker](0), 'I am here');
      assert.deepEqual(
        rig.turn().filter((told) => told.startsWith('closed')),
        [],
      );
      assert.equal(rig.heard(rig[speaker === 'client' ? 'backend' : 'client'](0)), 'I am here');
      rig.clock.stall(IDLE_MS - 20);
      assert.deepEqual(rig.turn(), [], 'the limit counts from then on');
      rig.clock.stall(40);
      assert.deepEqual(rig.turn(), ['closed 0 idle_timeout']);
    });
  }

  it('completes a connection that both sides have ended meanwhile', () => {
    const rig = established({ idleMs: IDLE_MS });
    rig.clock.stall(10 * IDLE_MS);
    for (const fd of [rig.client(0), rig.backend(0)]) rig.kernel.inbox.set(fd, [Buffer.from('bye'), 0]);
    assert.deepEqual(rig.turn(), ['first-bytes 0', 'closed 0 completed']);
  });

  it('passes on what the kernel holds before an order resets its connection', () => {
    const rig = established();
    rig.says(rig.client(0), 'last words');
    const backend = rig.backend(0);
    rig.engine.reset(0, 'drain_deadline');
    assert.equal(rig.heard(backend), 'last words');
    assert.deepEqual(rig.turn(), ['closed 0 drain_deadline']);
  });
});

describe('the last bytes of a side that was reset', () => {
  it('are waited for until its peer has them, but not for ever', () => {
    const rig = established();
    const before = rig.kernel.open.size;
    rig.kernel.answers.unacknowledged = Array<number>(10_000).fill(1);
    rig.kernel.inbox.set(rig.client(0), [Buffer.from('bye'), -ECONNRESET]);
    assert.deepEqual(rig.turn(rig.kernel.event(rig.client(0), FAILS)), []);
    let waitedMs = 0;
    for (; rig.engine.connections > 0 && waitedMs < 120_000; waitedMs += 1_000) {
      rig.clock.stall(1_000);
      rig.turn();
    }
    assert.equal(rig.engine.connections, 0, 'its slot is free again');
    assert.equal(rig.kernel.open.size, before - 2, 'and so are its descriptors');
    assert.ok(waitedMs >= 59_000, 'a slow peer has a minute to take them');
  });
});

describe('a connect that is answered', () => {
  for (const [what, answer] of [
    ['EISCONN', -EISCONN],
    ['success', 0],
  ] as const) {
    it(`during a pause of the process counts, though its deadline passed before its event (${what})`, () => {
      const rig = connecting(1);
      rig.clock.stall(10 * CONNECT_MS);
      rig.kernel.answers.connect = [answer];
      assert.deepEqual(rig.turn(), ['established 0']);
      rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.says(rig.client(0), 'hello'));
      assert.equal(rig.heard(rig.backend(0)), 'hello');
    });
  }

  it('during a pause is not asked for when its event comes with the deadline', () => {
    const rig = connecting(1);
    rig.clock.stall(10 * CONNECT_MS);
    assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), ['established 0']);
    assert.equal(rig.kernel.count('connect'), 1);
  });

  for (const [errno, told] of [
    [EALREADY, ETIMEDOUT],
    [ECONNREFUSED, ECONNREFUSED],
  ] as const) {
    it(`with ${errnoName(errno)} after the deadline fails with ${errnoName(told)}, and the next row is tried`, () => {
      const rig = connecting(1, [0, 1]);
      const first = rig.backend(0);
      rig.clock.stall(CONNECT_MS + 10);
      rig.kernel.answers.connect = [-errno];
      assert.deepEqual(rig.turn(), [`failed 0 ${errnoName(told)}`]);
      assert.equal(rig.kernel.open.has(first), false);
      assert.match(rig.kernel.calls.at(-1) ?? '', /^connect .*:81$/);
    });
  }

  it('in the same wait as the reset of its client is dropped when that came first', () => {
    const rig = connecting(1);
    rig.kernel.answers.pendingError = [ECONNRESET];
    const [client, backend] = [rig.client(0), rig.backend(0)];
    const told = rig.turn(rig.kernel.event(client, FAILS), rig.kernel.event(backend, EPOLL.out));
    assert.deepEqual(told, ['closed 0 client_reset']);
    assert.deepEqual(rig.kernel.calls.slice(-2), [`reset ${client}`, `reset ${backend}`]);
  });

  it('in the same wait as the reset of its client is established when it came first, then reset', () => {
    const rig = connecting(1);
    const [client, backend] = [rig.client(0), rig.backend(0)];
    rig.kernel.inbox.set(client, [-ECONNRESET]);
    const told = rig.turn(rig.kernel.event(backend, EPOLL.out), rig.kernel.event(client, FAILS));
    assert.deepEqual(told, ['established 0', 'closed 0 client_reset']);
  });
});

describe('an event of a connection that is over', () => {
  it('is dropped within the same wait, and no slot is taken again before the last event of it', () => {
    const rig = connecting(2);
    rig.kernel.answers.pendingError = [ECONNRESET, ECONNRESET];
    const told = rig.turn(
      rig.kernel.event(rig.client(0), FAILS),
      rig.clients(CLIENT),
      rig.kernel.event(rig.backend(0), EPOLL.out),
      rig.kernel.event(rig.client(1), FAILS),
      rig.kernel.event(rig.backend(1), EPOLL.out | EPOLL.in),
    );
    assert.deepEqual(told, ['closed 0 client_reset', 'closed 1 client_reset', 'accepted 1']);
  });

  it('is told from one of the next owner of the slot', () => {
    const rig = connecting(1);
    const stale = [rig.kernel.event(rig.client(0), FAILS), rig.kernel.event(rig.backend(0), EPOLL.out)];
    rig.engine.reset(0, 'shutdown');
    assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['closed 0 shutdown', 'accepted 0']);
    rig.kernel.answers.pendingError = [ECONNRESET];
    assert.deepEqual(rig.turn(...stale), []);
    rig.kernel.answers.pendingError = [];
    assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out)), ['established 0']);
  });

  it('gives back what was parked for it, however many are closed so', () => {
    const rig = new LoopRig();
    const words = 'w'.repeat(READ_BYTES);
    for (let round = 0; round <= PARKING_BYTES / READ_BYTES; round++) {
      rig.turn(rig.clients(CLIENT));
      const client = rig.client(0);
      rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out));
      rig.kernel.answers.send = [1, -EAGAIN, -EAGAIN, -EAGAIN, -EAGAIN];
      assert.deepEqual(rig.turn(rig.says(client, words)), []);
      assert.deepEqual(rig.kernel.inbox.get(client), [], 'all was read: there is room to park it');
      rig.engine.reset(0, 'shutdown');
    }
  });

  it('leaves no byte in a pipe to its next owner', () => {
    const rig = established({ splice: true });
    const before = rig.kernel.open.size;
    rig.turn(rig.says(rig.client(0), 'w'.repeat(BULK_BYTES)));
    rig.kernel.answers.splice = [BULK_BYTES, -EAGAIN, -EAGAIN];
    rig.turn(rig.says(rig.client(0), 'more'));
    assert.equal(rig.kernel.open.size, before + 2, 'a pipe holds its bytes');
    rig.engine.reset(0, 'shutdown');
    assert.equal(rig.kernel.open.size, before - 2, 'the pipe is closed with its two sockets');
  });

  it('leaves nothing to its next owner: no deadline, no turn, no parked byte', () => {
    const rig = connecting(1);
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.says(rig.client(0), 'never sent'));
    rig.kernel.answers.send = [1];
    rig.turn(rig.says(rig.client(0), 'parked'));
    rig.turn(rig.kernel.event(rig.client(0), EPOLL.out));
    rig.engine.reset(0, 'shutdown');
    rig.clock.stall(CONNECT_MS - 1);
    assert.deepEqual(rig.turn(rig.clients(CLIENT)), ['closed 0 shutdown', 'accepted 0']);
    rig.clock.stall(CONNECT_MS - 1);
    assert.deepEqual(rig.turn(), [], 'its own deadline counts');
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.says(rig.client(0), 'new'));
    assert.equal(rig.heard(rig.backend(0)), 'new');
  });
});

const { ENOENT } = constants.errno;
const INPUT = EPOLL.in | EPOLL.urgent;

/** A connection whose client takes nothing more, while its backend has words for it. */
function blocked(): LoopRig {
  const rig = established();
  rig.kernel.answers.send = [-EAGAIN];
  rig.turn(rig.says(rig.backend(0), 'first, '));
  assert.equal(rig.heard(rig.client(0)), '');
  return rig;
}

function hears(rig: LoopRig, fd: number): boolean {
  const { events } = rig.kernel.registered.get(fd) ?? assert.fail();
  assert.notEqual(events & EPOLL.readHangUp, 0, 'the end is always told');
  assert.notEqual(events & EPOLL.out, 0, 'room is always told');
  return (events & INPUT) === INPUT;
}

describe('the input of a side that can’t be passed on', () => {
  it('is muted with the first event that brings no news, and heard again once it has been read', () => {
    const rig = blocked();
    const backend = rig.backend(0);
    rig.turn(rig.says(backend, 'second, '));
    assert.equal(hears(rig, backend), true, 'it was read to the end before: this was news');
    rig.turn(rig.kernel.event(backend, EPOLL.in));
    assert.equal(hears(rig, backend), false);
    rig.turn(rig.kernel.event(backend, EPOLL.in | EPOLL.out));
    assert.equal(rig.kernel.count('epollChange'), 1, 'one call, however much comes');
    rig.turn(rig.kernel.event(rig.client(0), EPOLL.out));
    assert.equal(rig.heard(rig.client(0)), 'first, second, ');
    assert.equal(hears(rig, backend), true);
    rig.turn(rig.says(backend, 'third'));
    assert.equal(rig.heard(rig.client(0)), 'first, second, third');
    assert.equal(rig.kernel.count('epollChange'), 2);
  });

  it('stays muted while the other side takes some of it and is full again', () => {
    const rig = blocked();
    const backend = rig.backend(0);
    rig.turn(rig.says(backend, 'second'));
    rig.turn(rig.kernel.event(backend, EPOLL.in));
    rig.kernel.answers.send = [3];
    rig.turn(rig.kernel.event(rig.client(0), EPOLL.out));
    assert.equal(rig.heard(rig.client(0)), 'fir');
    assert.equal(hears(rig, backend), false);
  });

  it('is not muted while it can be passed on', () => {
    const rig = established();
    for (let word = 0; word < 10; word++) rig.turn(rig.says(rig.backend(0), 'word '));
    assert.equal(rig.kernel.count('epollChange'), 0);
  });

  it('wakes the worker on when the kernel refuses to mute it', () => {
    const rig = blocked();
    rig.kernel.answers.epollChange = [-ENOENT];
    rig.turn(rig.says(rig.backend(0), 'second'));
    assert.deepEqual(rig.turn(rig.kernel.event(rig.backend(0), EPOLL.in)), []);
    rig.turn(rig.kernel.event(rig.client(0), EPOLL.out));
    assert.equal(rig.heard(rig.client(0)), 'first, second');
  });

  it('resets its connection when the kernel refuses to unmute it: it would hang for ever', () => {
    const rig = blocked();
    rig.turn(rig.says(rig.backend(0), 'second'));
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.in));
    rig.kernel.answers.epollChange = [-ENOENT];
    assert.deepEqual(rig.turn(rig.kernel.event(rig.client(0), EPOLL.out)), [
      'first-bytes 0',
      'fault Error: epoll_ctl: ENOENT',
      'closed 0 internal_error',
    ]);
  });
});
