/** Connects, whatever the kernel answers: the next source address where that helps, and no descriptor lost. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { parseIp } from '../../../../../../core/model/ip.ts';
import { CONNECTED, Dialer } from '../../../../../../data-plane/engine/epoll/opening/dialer.ts';
import { errnoName } from '../../../../../../data-plane/kernel/errno.ts';
import { ScriptedKernel } from '../../../../../../harness/engine/scripted-kernel.ts';

const { EACCES, EADDRINUSE, EADDRNOTAVAIL, EALREADY, ECONNREFUSED, EISCONN, ENETUNREACH } = constants.errno;
const { EMFILE, ENFILE, ENOBUFS, ENOMEM } = constants.errno;
const V4 = 0;
const V6 = 1;
const HOSTS = ['10.0.0.9', '2001:db8::9'];
const SOURCES = ['10.1.0.1', '10.1.0.2', '10.1.0.3', '2001:db8::1'];

function dialerOn(kernel: ScriptedKernel, sources: readonly string[]): Dialer {
  const targets = {
    host: (row: number) => HOSTS[row] ?? '',
    ipLength: (row: number): 4 | 16 => (row === V4 ? 4 : 16),
    copyIp: (row: number, into: Uint8Array, at: number) => into.set(parseIp(HOSTS[row] ?? '') ?? [], at),
    port: (row: number) => 80 + row,
  };
  return new Dialer(kernel, targets, sources);
}

/** What was bound to, without ports. */
function bound({ calls }: ScriptedKernel): string[] {
  return calls
    .filter((call) => call.startsWith('bind'))
    .map((call) => call.replace(/^bind \d+ (.*):0$/, '$1'));
}

describe('a dialer', () => {
  it('connects without a bind when no source address is said', () => {
    const kernel = new ScriptedKernel();
    const fd = dialerOn(kernel, []).dial(V4, 0);
    assert.deepEqual(kernel.calls, ['socket 4', `connect ${fd} 10.0.0.9:80`]);
    assert.deepEqual(kernel.options, [`${fd} noDelay 1`, `${fd} outOfBandInline 1`]);
  });

  it('takes the source addresses in turn, those of the family of the backend', () => {
    const kernel = new ScriptedKernel();
    const dialer = dialerOn(kernel, SOURCES);
    const [first] = [1, 2, 3, 4].map(() => dialer.dial(V4, 0));
    assert.deepEqual(kernel.options.slice(0, 3), [
      `${first} noDelay 1`,
      `${first} outOfBandInline 1`,
      `${first} bindAddressNoPort 1`,
    ]);
    assert.deepEqual(bound(kernel), ['10.1.0.2', '10.1.0.3', '10.1.0.1', '10.1.0.2']);
    assert.ok(dialer.dial(V6, 0) > 0);
    assert.deepEqual(bound(kernel).at(-1), parseIp('2001:db8::1')?.join('.'));
  });

  for (const call of ['bind', 'connect'] as const) {
    for (const errno of [EADDRNOTAVAIL, EADDRINUSE]) {
      it(`tries the next source address when ${call} says of one ${errnoName(errno)}`, () => {
        const kernel = new ScriptedKernel();
        kernel.answers[call] = [-errno, -errno];
        const fd = dialerOn(kernel, SOURCES).dial(V4, 0);
        assert.deepEqual(bound(kernel), ['10.1.0.2', '10.1.0.3', '10.1.0.1']);
        assert.deepEqual([...kernel.open], [fd], 'those that failed are closed');
      });

      it(`fails the attempt when ${call} says ${errnoName(errno)} of each source address`, () => {
        const kernel = new ScriptedKernel();
        kernel.answers[call] = Array<number>(10).fill(-errno);
        assert.equal(dialerOn(kernel, SOURCES).dial(V4, 0), -errno);
        assert.deepEqual(bound(kernel), ['10.1.0.2', '10.1.0.3', '10.1.0.1'], 'each is tried once');
        assert.equal(kernel.open.size, 0);
      });
    }

    it(`fails the attempt at once when ${call} fails for another reason`, () => {
      for (const errno of [EACCES, ECONNREFUSED, ENETUNREACH, ENOBUFS]) {
        const kernel = new ScriptedKernel();
        kernel.answers[call] = [-errno];
        assert.equal(dialerOn(kernel, SOURCES).dial(V4, 0), -errno);
        assert.deepEqual([kernel.count('socket'), kernel.open.size], [1, 0]);
      }
    });
  }

  it('fails the attempt at once when there is no socket for it', () => {
    for (const errno of [EMFILE, ENFILE, ENOBUFS, ENOMEM]) {
      const kernel = new ScriptedKernel();
      kernel.answers.socket = [-errno];
      const dialer = dialerOn(kernel, SOURCES);
      assert.equal(dialer.dial(V4, 0), -errno);
      assert.deepEqual(kernel.calls, ['socket 4']);
      assert.ok(dialer.dial(V4, 0) > 0, 'the next one is not affected');
    }
  });

  it('closes the first socket when there is none for the next source address', () => {
    const kernel = new ScriptedKernel();
    kernel.answers.connect = [-EADDRNOTAVAIL];
    kernel.answers.socket = [0, -EMFILE];
    assert.equal(dialerOn(kernel, SOURCES).dial(V4, 0), -EMFILE);
    assert.equal(kernel.open.size, 0);
  });

  for (const [localPorts, asks] of [
    [[32_768, 60_999], 0],
    [[80, 80], 1],
    [[1_024, 65_535], 0],
    [[1, 79], 0],
  ] as const) {
    it(`asks ${asks} times whether it met itself on port 80, with local ports from ${localPorts.join(' to ')}`, () => {
      const kernel = new ScriptedKernel();
      kernel.localPorts = localPorts;
      const dialer = dialerOn(kernel, []);
      const fd = dialer.dial(V4, 0);
      kernel.answers.isItsOwnPeer = [1];
      assert.equal(dialer.metItself(fd, V4, 0), asks === 1);
      assert.equal(kernel.count('isItsOwnPeer'), asks);
    });
  }

  it('tells how a connect stands that was not heard of', () => {
    const kernel = new ScriptedKernel();
    const dialer = dialerOn(kernel, []);
    const fd = dialer.dial(V4, 0);
    kernel.answers.connect = [-EALREADY, 0, -EISCONN, -ECONNREFUSED];
    const found = [1, 2, 3, 4].map(() => dialer.finish(fd, V4, 0));
    assert.deepEqual(found, [EALREADY, CONNECTED, CONNECTED, ECONNREFUSED]);
    assert.equal(kernel.open.has(fd), true, 'whoever asks closes it');
  });
});
