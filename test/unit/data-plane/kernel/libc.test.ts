import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { after, describe, it } from 'node:test';
import { errnoName } from '../../../../data-plane/kernel/errno.ts';
import { libcOrFail } from '../../../../harness/engine/libc.ts';
import { ffiOrFail } from '../../../../harness/engine/test-calls.ts';
import { epollEngineObstacle } from '../../../../data-plane/engine/epoll/epoll-engine.ts';
import { selfCheck } from '../../../../data-plane/kernel/self-check.ts';
import type { Ffi } from '../../../../data-plane/kernel/ffi.ts';

const { EADDRINUSE, EBADF } = constants.errno;
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);
const libc = libcOrFail();
const opened: number[] = [];

after(() => {
  for (const fd of opened) libc.close(fd);
});

function bound(options: readonly ('reuseAddress' | 'reusePort')[], port: number): number {
  const fd = libc.socket(4);
  opened.push(fd);
  for (const option of options) assert.equal(libc.setOption(fd, option, 1), 0);
  const result = libc.bind(fd, LOOPBACK, port);
  return result < 0 ? result : fd;
}

describe('the C library', () => {
  it('binds several sockets to one address when all of them share it', () => {
    const first = bound(['reusePort'], 0);
    const port = libc.localPort(first);
    assert.equal(libc.listen(first, 16), 0);
    assert.ok(bound(['reusePort'], port) >= 0);
    assert.equal(bound(['reuseAddress'], port), -EADDRINUSE, 'a probe without SO_REUSEPORT finds them');
  });

  it('binds IPv6', () => {
    const fd = libc.socket(6);
    opened.push(fd);
    assert.equal(libc.setOption(fd, 'ipv6Only', 0), 0);
    const loopback = new Uint8Array(16);
    loopback[15] = 1;
    assert.equal(libc.bind(fd, loopback, 0), 0);
    assert.ok(libc.localPort(fd) > 0);
  });

  it('returns errors as negative numbers', () => {
    assert.equal(libc.listen(-1, 1), -EBADF);
    assert.equal(libc.close(-1), -EBADF);
    assert.equal(libc.duplicate(-1), -EBADF);
    assert.equal(libc.localPort(-1), -EBADF);
    assert.equal(libc.unacknowledged(-1), -EBADF);
    assert.equal(errnoName(EBADF), 'EBADF');
    assert.equal(errnoName(0), 'errno 0', 'an error that has no number');
  });

  it('duplicates a descriptor: the same socket under another number', () => {
    const fd = bound([], 0);
    const copy = libc.duplicate(fd);
    opened.push(copy);
    assert.notEqual(copy, fd);
    assert.equal(readlinkSync(`/proc/self/fd/${copy}`), readlinkSync(`/proc/self/fd/${fd}`));
  });

  it('tells the limit of descriptors', () => {
    assert.ok(libc.descriptorLimit() >= 256);
  });
});

type Call = (...args: number[]) => number;

/** The C library, with one function that does something else. */
function withOther(name: string, other: (real: Call) => Call): Ffi {
  const ffi = ffiOrFail();
  return {
    ...ffi,
    declare: <Declared extends (...args: never[]) => number>(prototype: string) => {
      const real = ffi.declare<Declared>(prototype);
      const isIt = prototype.includes(` ${name}(`);
      return isIt ? (other(real as unknown as Call) as unknown as Declared) : real;
    },
  };
}

describe('the self-check of the epoll engine', () => {
  it('finds nothing where the engine runs', () => {
    assert.equal(selfCheck(ffiOrFail()), null);
    assert.equal(epollEngineObstacle(), null);
  });

  it('says which call is not as it must be', () => {
    const failing = (name: string, other: (real: Call) => Call) => selfCheck(withOther(name, other)) ?? '';
    assert.match(
      failing('epoll_wait', () => () => 0),
      /epoll_wait gave a wrong result/,
    );
    // An event whose data is not where it is looked for, as on other machines.
    const shifted = failing(
      'epoll_wait',
      (real) =>
        (epoll = -1, at = 0, most = 0, timeoutMs = 0) =>
          real(epoll, at + 4, most, timeoutMs),
    );
    assert.match(shifted, /struct epoll_event/);
    // Flags that mean nothing: bytes that were looked at are gone.
    const flagless = failing(
      'recv',
      (real) =>
        (fd = -1, at = 0, size = 0) =>
          real(fd, at, size, 0),
    );
    assert.match(flagless, /MSG_TRUNC/);
    assert.match(
      failing('accept4', () => () => -1),
      /accept4 failed with/,
    );
  });

  it('says which function is missing', () => {
    const ffi = ffiOrFail();
    const missing: Ffi = {
      ...ffi,
      declare: (prototype) => {
        if (prototype.includes('splice')) throw new Error('Cannot find function "splice"');
        return ffi.declare(prototype);
      },
    };
    assert.match(selfCheck(missing) ?? '', /splice/);
  });
});
