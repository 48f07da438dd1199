/** The system calls of tests: those of the product, and a few that only tests make. They run where koffi loads. */
import assert from 'node:assert/strict';
import { type Ffi, loadFfi } from '../../data-plane/kernel/ffi.ts';
import { LoopCalls } from '../../data-plane/kernel/loop-calls.ts';

const MSG_NOSIGNAL = 0x4000;

export function ffiOrFail(): Ffi {
  const { ffi, reason } = loadFfi();
  assert.ok(ffi, `these tests need koffi: ${reason}`);
  return ffi;
}

export class TestCalls extends LoopCalls {
  readonly #ffi = ffiOrFail();
  readonly #getpeername = this.#ffi.declare<(fd: number, at: number, lengthAt: number) => number>(
    'int getpeername(int, uintptr_t, uintptr_t)',
  );

  constructor() {
    super(ffiOrFail(), 1);
  }

  sendBytes(fd: number, bytes: Uint8Array, flags = 0): number {
    return this.checked(this.native.send(fd, this.#ffi.address(bytes), bytes.length, flags | MSG_NOSIGNAL));
  }

  receiveInto(fd: number, into: Uint8Array): number {
    return this.receive(fd, this.#ffi.address(into), into.length);
  }

  /** Fails when the kernel does not know the option. */
  readOption(fd: number, [level, name]: readonly [level: number, name: number], into: Uint8Array): void {
    const length = Int32Array.of(into.length);
    const at = this.#ffi.address(into);
    assert.equal(this.native.getsockopt(fd, level, name, at, this.#ffi.address(length)), 0);
  }

  writeOption(fd: number, [level, name]: readonly [level: number, name: number], value: number): void {
    const at = this.#ffi.address(Int32Array.of(value));
    assert.equal(this.native.setsockopt(fd, level, name, at, 4), 0);
  }

  /** The port at the other end of a TCP socket; 0: it is not connected. */
  remotePort(fd: number): number {
    const address = Buffer.alloc(28);
    const length = Int32Array.of(address.length);
    const result = this.#getpeername(fd, this.#ffi.address(address), this.#ffi.address(length));
    return result < 0 || address.readUInt16LE(0) === 1 ? 0 : address.readUInt16BE(2);
  }
}

let calls: TestCalls | null = null;

/** One for each thread. */
export function testCalls(): TestCalls {
  calls ??= new TestCalls();
  return calls;
}
