/** What a worker does when accept() fails: each errno its way, orderly, and never silent for ever. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { Acceptors } from '../../../../../data-plane/engine/epoll/acceptors.ts';
import type { Syscalls } from '../../../../../data-plane/engine/epoll/syscalls.ts';

const { EAGAIN, EBADF, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO } =
  constants.errno;
const LISTENER = 3;
const FD = 10;
const PLACE = 0;

/** A kernel where accept() answers what the test said, then EAGAIN. */
class Kernel {
  answers: number[] = [];
  /** Descriptors in epoll. */
  readonly watched = new Set<number>();
  readonly closed: number[] = [];
  accepts = 0;
  addAnswers = 0;

  accept(): number {
    this.accepts += 1;
    return this.answers.shift() ?? -EAGAIN;
  }

  epollAdd(_epoll: number, fd: number): number {
    if (this.addAnswers === 0) this.watched.add(fd);
    return this.addAnswers;
  }

  epollDelete(_epoll: number, fd: number): number {
    this.watched.delete(fd);
    return 0;
  }

  close(fd: number): number {
    this.closed.push(fd);
    return 0;
  }
}

function setUp(takes: (fd: number) => boolean = () => true) {
  const kernel = new Kernel();
  const clients: number[] = [];
  const shortages: number[] = [];
  const faults: string[] = [];
  const acceptors: Acceptors = new Acceptors({
    sys: kernel as unknown as Syscalls,
    epoll: 1,
    mark: -1,
    accepted(fd) {
      clients.push(fd);
      return takes(fd);
    },
    // As the engine does.
    onShortage(errno) {
      shortages.push(errno);
      acceptors.pause();
    },
    onFault: (_where, error) => faults.push(String(error)),
  });
  assert.equal(acceptors.add(LISTENER, FD, false), null);
  return { kernel, acceptors, clients, shortages, faults };
}

describe('acceptors, when accept() fails', () => {
  for (const errno of [EMFILE, ENFILE, ENOBUFS, ENOMEM]) {
    it(`pause with errno ${errno} after one call, tell once, and go on where they were`, () => {
      const { kernel, acceptors, clients, shortages, faults } = setUp();
      kernel.answers = [20, -errno];
      acceptors.ready(PLACE);
      acceptors.ready(PLACE);
      acceptors.ready(PLACE);
      assert.deepEqual([clients, shortages, faults], [[20], [errno], []]);
      assert.deepEqual([acceptors.isPaused, kernel.watched.size], [true, 0]);
      const before = kernel.accepts;
      acceptors.ready(PLACE);
      assert.equal(kernel.accepts, before, 'it spins');
      acceptors.resume();
      assert.deepEqual([...kernel.watched], [FD]);
      kernel.answers = [21];
      acceptors.ready(PLACE);
      assert.deepEqual(clients, [20, 21]);
    });
  }

  for (const errno of [ECONNABORTED, EPROTO, EPERM, EINTR]) {
    it(`go on to the next client after errno ${errno}, which was one client’s own`, () => {
      const { kernel, acceptors, clients, shortages, faults } = setUp();
      // Batches grow with what comes.
      kernel.answers = [20, 21, 22, -errno, 23];
      for (let event = 0; event < 4; event += 1) acceptors.ready(PLACE);
      assert.deepEqual([clients, shortages, faults], [[20, 21, 22, 23], [], []]);
      assert.deepEqual([...kernel.watched], [FD]);
    });
  }

  it('end the batch at EAGAIN, and stay registered', () => {
    const { kernel, acceptors, faults } = setUp();
    acceptors.ready(PLACE);
    assert.deepEqual([kernel.accepts, [...kernel.watched], faults], [1, [FD], []]);
  });

  it('give up a socket that is none, say so, and never close one that was lent', () => {
    const { kernel, acceptors, faults } = setUp();
    kernel.answers = [-EBADF];
    acceptors.ready(PLACE);
    acceptors.ready(PLACE);
    assert.match(faults.join(), /EBADF; the socket is given up/);
    assert.deepEqual([kernel.accepts, kernel.watched.size, kernel.closed], [1, 0, []]);
  });
});

describe('acceptors', () => {
  it('keep a batch bounded, however many wait', () => {
    const { kernel, acceptors, clients } = setUp();
    kernel.answers = Array.from({ length: 1_000 }, (_, index) => 100 + index);
    let last = 0;
    let largest = 0;
    while (kernel.answers.length > 0) {
      acceptors.ready(PLACE);
      largest = Math.max(largest, clients.length - last);
      last = clients.length;
    }
    assert.deepEqual([clients.length, largest], [1_000, 64]);
  });

  it('stop in the middle of a batch when no more may be taken', () => {
    const { kernel, acceptors, clients } = setUp((fd) => fd !== 21);
    kernel.answers = [20, 21, 22];
    acceptors.ready(PLACE);
    acceptors.ready(PLACE);
    assert.deepEqual([clients, kernel.answers], [[20, 21], [22]]);
  });

  it('wait for the next look when there is no memory to go on with', () => {
    const { kernel, acceptors, shortages } = setUp();
    acceptors.pause();
    kernel.addAnswers = -ENOMEM;
    acceptors.resume();
    assert.deepEqual([acceptors.isPaused, shortages], [true, [ENOMEM]]);
    kernel.addAnswers = 0;
    acceptors.resume();
    assert.deepEqual([acceptors.isPaused, [...kernel.watched]], [false, [FD]]);
  });

  it('take in everybody who waits in the backlog of a listener that goes', () => {
    const { kernel, acceptors, clients } = setUp();
    kernel.answers = Array.from({ length: 300 }, (_, index) => 100 + index);
    acceptors.remove(LISTENER);
    assert.deepEqual([clients.length, kernel.watched.size], [300, 0]);
  });

  it('close what they opened themselves, and only once', () => {
    const { kernel, acceptors } = setUp();
    assert.equal(acceptors.add(LISTENER + 1, FD + 1, true), null);
    acceptors.removeAll();
    acceptors.removeAll();
    assert.deepEqual(kernel.closed, [FD + 1]);
  });
});
