/** The loop on a scripted kernel: a sender whose bytes can't be passed on wakes the worker once, and is heard again after. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { EPOLL } from '../../../../../data-plane/kernel/linux.ts';
import { connecting, type LoopRig } from '../../../../../harness/engine/loop-rig.ts';

const { EAGAIN, ENOENT } = constants.errno;
const INPUT = EPOLL.in | EPOLL.urgent;

/** A connection whose client takes nothing more, while its backend has words for it. */
function blocked(): LoopRig {
  const rig = connecting(1);
  rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.kernel.event(rig.client(0), EPOLL.out));
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
    const rig = connecting(1);
    rig.turn(rig.kernel.event(rig.backend(0), EPOLL.out), rig.kernel.event(rig.client(0), EPOLL.out));
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
