/** Connecting: a descriptor is returned or closed, and each source address has ports of its own. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { CONNECTED, Dialer } from '../../../../../data-plane/engine/epoll/dialer.ts';
import { OPTION, type Syscalls } from '../../../../../data-plane/engine/epoll/syscalls.ts';
import type { Targets } from '../../../../../data-plane/engine/engine.ts';

const { EADDRNOTAVAIL, EALREADY, ECONNREFUSED, EINPROGRESS, EISCONN, EMFILE, ENETUNREACH, ENOBUFS, ENOMEM } =
  constants.errno;
const ROW = 4;

class Kernel {
  readonly open = new Set<number>();
  /** Source addresses that were bound, in order. */
  readonly bound: string[] = [];
  readonly options: string[] = [];
  socketAnswer = 0;
  connectAnswers: number[] = [];
  readonly #address = new Uint8Array(28);
  #next = 50;

  socket(): number {
    if (this.socketAnswer < 0) return this.socketAnswer;
    this.open.add(this.#next);
    return this.#next++;
  }

  setOption(_fd: number, option: readonly number[]): number {
    this.options.push(option.join('/'));
    return 0;
  }

  addressFor(): { bytes: Uint8Array; start: number } {
    return { bytes: this.#address, start: 4 };
  }

  bind(): number {
    this.bound.push(this.#address.subarray(4, 8).join('.'));
    return 0;
  }

  connect(): number {
    return this.connectAnswers.shift() ?? -EINPROGRESS;
  }

  close(fd: number): number {
    assert.ok(this.open.delete(fd), `${fd} is closed twice`);
    return 0;
  }
}

const IPV4 = {
  ipLength: () => 4,
  port: () => 80,
  copyIp: (_row: number, into: Uint8Array, start: number) => into.set([10, 0, 0, 1], start),
};

function dialerOf(kernel: Kernel, ...sources: readonly string[]): Dialer {
  return new Dialer(kernel as unknown as Syscalls, IPV4 as unknown as Targets, sources);
}

describe('the dialer', () => {
  it('returns a descriptor that is connecting', () => {
    const kernel = new Kernel();
    assert.equal(dialerOf(kernel).dial(ROW), 50);
    assert.deepEqual([[...kernel.open], kernel.bound], [[50], []]);
  });

  for (const errno of [EMFILE, ENOBUFS, ENOMEM]) {
    it(`answers errno ${errno} of socket(), and has nothing to close`, () => {
      const kernel = new Kernel();
      kernel.socketAnswer = -errno;
      assert.equal(dialerOf(kernel, '127.0.0.2').dial(ROW), -errno);
      assert.equal(kernel.open.size, 0);
    });
  }

  for (const errno of [ECONNREFUSED, ENETUNREACH, ENOBUFS, EADDRNOTAVAIL]) {
    it(`closes the descriptor when connect() says errno ${errno} at once`, () => {
      const kernel = new Kernel();
      kernel.connectAnswers = [-errno];
      assert.equal(dialerOf(kernel).dial(ROW), -errno);
      assert.equal(kernel.open.size, 0);
    });
  }

  it('takes its source addresses in turn, and the port only when it connects', () => {
    const kernel = new Kernel();
    const dialer = dialerOf(kernel, '127.0.0.2', '::1', '127.0.0.3');
    for (let count = 0; count < 4; count += 1) dialer.dial(ROW);
    assert.deepEqual(kernel.bound, ['127.0.0.3', '127.0.0.2', '127.0.0.3', '127.0.0.2']);
    const late = OPTION.bindAddressNoPort.join('/');
    assert.equal(kernel.options.filter((option) => option === late).length, 4);
  });

  it('tries the next source address when one is out of ports, each once, and closes what failed', () => {
    const kernel = new Kernel();
    const dialer = dialerOf(kernel, '127.0.0.2', '127.0.0.3', '127.0.0.4');
    kernel.connectAnswers = [-EADDRNOTAVAIL, -EADDRNOTAVAIL];
    assert.equal(dialer.dial(ROW), 52);
    assert.deepEqual([kernel.bound, [...kernel.open]], [['127.0.0.3', '127.0.0.4', '127.0.0.2'], [52]]);
    kernel.connectAnswers = [-EADDRNOTAVAIL, -EADDRNOTAVAIL, -EADDRNOTAVAIL];
    assert.equal(dialer.dial(ROW), -EADDRNOTAVAIL);
    assert.deepEqual([...kernel.open], [52]);
    kernel.connectAnswers = [-ECONNREFUSED];
    assert.equal(dialer.dial(ROW), -ECONNREFUSED, 'another address would be refused as well');
  });

  it('tells a connect that was answered unseen from one that is under way, and from one that failed', () => {
    const kernel = new Kernel();
    kernel.connectAnswers = [-EISCONN, 0, -EALREADY, -ECONNREFUSED];
    const dialer = dialerOf(kernel);
    // Negating 0 gives -0, which is 0 to everybody but this assertion.
    const found = [1, 2, 3, 4].map(() => dialer.finish(9, ROW) + 0);
    assert.deepEqual(found, [CONNECTED, CONNECTED, EALREADY, ECONNREFUSED]);
  });
});
