/** What is wrong on this machine is found before there is traffic. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { epollEngineObstacle } from '../../../../data-plane/engine/epoll/epoll-engine.ts';
import { selfCheck } from '../../../../data-plane/kernel/self-check.ts';
import { type Ffi, loadFfi } from '../../../../data-plane/kernel/ffi.ts';

type Call = (...args: number[]) => number;

function realFfi(): Ffi {
  const { ffi, reason } = loadFfi();
  if (!ffi) throw new Error(reason);
  return ffi;
}

/** The C library, with one function that does something else. */
function withOther(name: string, other: (real: Call) => Call): Ffi {
  const ffi = realFfi();
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
    assert.equal(selfCheck(realFfi()), null);
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
    const ffi = realFfi();
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
