/** Listening sockets, whatever accept answers: clients wait at worst, and one broken socket is given up alone. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { Acceptors } from '../../../../../data-plane/engine/epoll/acceptors.ts';
import { EPOLL } from '../../../../../data-plane/kernel/linux.ts';
import { errnoName } from '../../../../../data-plane/kernel/errno.ts';
import { BACKLOG } from '../../../../../data-plane/kernel/socket-settings.ts';
import { ScriptedKernel } from '../../../../../harness/engine/scripted-kernel.ts';

const { EBADF, ECONNABORTED, EINTR, EINVAL, EMFILE, ENOMEM, ENOSPC } = constants.errno;
const { ENETUNREACH, ENOTSOCK, EOPNOTSUPP, EPROTO } = constants.errno;
const EPOLL_FD = 1;
const MARK = -1;
const WEB = 0;
const MAIL = 1;
const CLIENT = 0;

class Rig {
  readonly kernel = new ScriptedKernel();
  readonly accepted: number[] = [];
  readonly shortages: number[] = [];
  readonly faults: string[] = [];
  /** Once so many are accepted there is no room for more. */
  room = Number.POSITIVE_INFINITY;
  readonly acceptors = new Acceptors({
    sys: this.kernel,
    epoll: EPOLL_FD,
    mark: MARK,
    accepted: (_fd, listener) => this.accepted.push(listener) < this.room,
    onShortage: (errno) => {
      this.shortages.push(errno);
      this.acceptors.pause();
    },
    onFault: (where, error) => this.faults.push(`${where}: ${String(error)}`),
  });

  listen(listener: number): number {
    const fd = this.kernel.lend();
    assert.equal(this.acceptors.add(listener, fd, 80, false), null);
    return fd;
  }

  /** Clients wait on a socket, and accept answers so; then EAGAIN. */
  ready(fd: number, ...answers: number[]): void {
    this.kernel.answers.accept = answers;
    this.acceptors.ready(this.kernel.event(fd, EPOLL.in).low);
  }

  areWaitedFor(fds: readonly number[]): boolean[] {
    return fds.map((fd) => this.isWaitedFor(fd));
  }

  isWaitedFor(fd: number): boolean {
    return this.kernel.registered.has(fd);
  }
}

describe('listening sockets', () => {
  it('ask no more within a wait that has paused them, though it told of clients', () => {
    const rig = new Rig();
    const fds = [rig.listen(WEB), rig.listen(MAIL)] as const;
    const place = rig.kernel.event(fds[1], EPOLL.in).low;
    rig.ready(fds[0], -EMFILE);
    rig.acceptors.ready(place);
    assert.equal(rig.kernel.count('accept'), 1);
  });

  for (const errno of [ECONNABORTED, EPROTO, ENETUNREACH, EOPNOTSUPP, EINTR]) {
    it(`go on after ${errnoName(errno)}, which is one client's`, () => {
      const rig = new Rig();
      const fd = rig.listen(WEB);
      rig.ready(fd, CLIENT);
      rig.ready(fd, -errno, CLIENT);
      assert.deepEqual(rig.accepted, [WEB, WEB]);
      rig.ready(fd, -errno);
      assert.deepEqual([rig.shortages, rig.faults, rig.isWaitedFor(fd)], [[], [], true]);
    });
  }

  it('do not ask for ever, though each answer is an error: the next event goes on', () => {
    const rig = new Rig();
    const fd = rig.listen(WEB);
    for (let turn = 0; turn < 20; turn++) rig.ready(fd, ...Array<number>(1_000).fill(-ECONNABORTED));
    assert.ok(rig.kernel.count('accept') <= 20 * 64, `${rig.kernel.count('accept')} calls in 20 turns`);
    rig.acceptors.remove(WEB);
    assert.ok(rig.kernel.open.has(fd), 'it was lent');
  });

  it('are left after one look at the whole backlog, whatever accept answers meanwhile', () => {
    for (const answer of [CLIENT, -ECONNABORTED]) {
      const rig = new Rig();
      rig.listen(WEB);
      rig.kernel.answers.accept = Array<number>(3 * BACKLOG).fill(answer);
      rig.acceptors.remove(WEB);
      assert.equal(rig.kernel.count('accept'), BACKLOG + 1);
      assert.equal(rig.accepted.length, answer === CLIENT ? BACKLOG + 1 : 0);
    }
  });

  it('bring as many clients as came last time, twice that when there were more, and never over 64', () => {
    const rig = new Rig();
    const fd = rig.listen(WEB);
    const asked = (clients: number): number => {
      const before = rig.kernel.count('accept');
      rig.ready(fd, ...Array<number>(clients).fill(CLIENT));
      return rig.kernel.count('accept') - before;
    };
    assert.deepEqual(
      [500, 500, 500, 500, 500, 500, 500, 500, 3, 3, 0, 0].map(asked),
      [1, 2, 4, 8, 16, 32, 64, 64, 4, 3, 1, 1],
    );
  });

  it('end the batch when there is no room, and the one that filled it is taken all the same', () => {
    const rig = new Rig();
    const fd = rig.listen(WEB);
    for (let turn = 0; turn < 3; turn++) rig.ready(fd, CLIENT, CLIENT, CLIENT, CLIENT);
    rig.room = rig.accepted.length + 2;
    rig.ready(fd, CLIENT, CLIENT, CLIENT, CLIENT);
    assert.equal(rig.accepted.length, rig.room);
  });

  for (const errno of [EBADF, EINVAL, ENOTSOCK]) {
    it(`are given up alone after ${errnoName(errno)}, and that is said`, () => {
      const rig = new Rig();
      const fds = [rig.listen(WEB), rig.listen(MAIL)] as const;
      rig.ready(fds[0], -errno);
      assert.deepEqual(rig.faults, [`accepting: Error: ${errnoName(errno)}; the socket is given up`]);
      assert.deepEqual(rig.areWaitedFor(fds), [false, true]);
      rig.ready(fds[1], CLIENT);
      assert.deepEqual([rig.accepted, rig.shortages], [[MAIL], []]);
    });
  }

  it('wait on when there is no memory to go on with, and go on at the next try', () => {
    for (const errno of [ENOMEM, ENOSPC]) {
      const rig = new Rig();
      const fds = [rig.listen(WEB), rig.listen(MAIL)] as const;
      rig.acceptors.pause();
      rig.kernel.answers.epollAdd = [0, -errno];
      rig.acceptors.resume(() => true);
      assert.deepEqual([rig.shortages, rig.acceptors.isPaused], [[errno], true]);
      assert.deepEqual(rig.areWaitedFor(fds), [false, false]);
      rig.acceptors.resume(() => true);
      assert.deepEqual(rig.areWaitedFor(fds), [true, true]);
    }
  });

  it('of one listener wait while it is full, alone, through a pause of all, and with those that are added', () => {
    const rig = new Rig();
    const fds = [rig.listen(WEB), rig.listen(MAIL)] as const;
    rig.acceptors.hold(WEB);
    rig.acceptors.hold(WEB);
    const all = [...fds, rig.listen(WEB)];
    assert.deepEqual([rig.acceptors.isWaiting, rig.areWaitedFor(all)], [true, [false, true, false]]);
    rig.acceptors.pause();
    rig.acceptors.resume((listener) => listener === MAIL);
    assert.deepEqual([rig.acceptors.isWaiting, rig.areWaitedFor(all)], [true, [false, true, false]]);
    rig.acceptors.resume(() => true);
    assert.deepEqual([rig.acceptors.isWaiting, rig.areWaitedFor(all)], [false, [true, true, true]]);
    rig.acceptors.hold(MAIL);
    rig.acceptors.remove(MAIL);
    assert.equal(rig.acceptors.isWaiting, false);
  });

  it('go on after a pause though one of them is broken meanwhile', () => {
    const rig = new Rig();
    const fds = [rig.listen(WEB), rig.listen(MAIL)] as const;
    rig.acceptors.pause();
    rig.kernel.answers.epollAdd = [-EBADF];
    rig.acceptors.resume(() => true);
    assert.deepEqual([rig.acceptors.isPaused, rig.isWaitedFor(fds[1])], [false, true]);
    assert.deepEqual(rig.faults, ['accepting: Error: EBADF; the socket is given up']);
  });

  it('are closed when they are ours, also when they cannot be waited for, and never when they are lent', () => {
    const rig = new Rig();
    const lent = rig.listen(WEB);
    const ours = rig.kernel.lend();
    assert.equal(rig.acceptors.add(MAIL, ours, 80, true), null);
    const failing = rig.kernel.lend();
    rig.kernel.answers.epollAdd = [-ENOMEM];
    assert.match(rig.acceptors.add(MAIL, failing, 80, true) ?? '', /ENOMEM/);
    assert.deepEqual([...rig.kernel.open], [lent, ours]);
    rig.acceptors.removeAll();
    assert.deepEqual([...rig.kernel.open], [lent]);
  });
});
