/** Where bytes are held on their way. Pipes: few of them serve many, none is filled twice, and none is lost. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { NO_PIPE, Pipes } from '../../../../../data-plane/engine/epoll/pipes.ts';
import { ScriptedKernel } from '../../../../../harness/engine/scripted-kernel.ts';
import { Parking } from '../../../../../data-plane/engine/epoll/parking.ts';
import { READ_BYTES } from '../../../../../data-plane/engine/epoll/sizes.ts';

const { EAGAIN } = constants.errno;
const SOCKET = 5;
const SIZE = 262_144;

class Rig {
  readonly kernel = new ScriptedKernel();
  readonly holdings: Int32Array;
  readonly pipes: Pipes;
  nowMs = 0;

  /** `answers`: what splice returns. */
  constructor(answers: number[], most = 2) {
    this.kernel.answers.splice = answers;
    this.holdings = new Int32Array(2 * most);
    this.pipes = new Pipes(this.kernel, this.holdings, () => this.nowMs);
  }

  calls(name: string): string[] {
    return this.kernel.calls
      .filter((call) => call.startsWith(name))
      .map((call) => call.slice(name.length + 1));
  }
}

describe('pipes', () => {
  it('carry bytes from a socket to a side, in as many steps as the side takes', () => {
    const rig = new Rig([1_000, 400, 600]);
    const { pipes } = rig;
    assert.equal(pipes.fill(7, SOCKET, SIZE), 1_000);
    assert.equal(pipes.isFilled(7), true);
    assert.equal(pipes.drain(7, SOCKET + 1), 400);
    assert.equal(pipes.isFilled(7), true, '600 bytes are in it still');
    assert.equal(pipes.drain(7, SOCKET + 1), 600);
    assert.equal(pipes.isFilled(7), false);
    assert.deepEqual(rig.calls('splice'), ['5>101 262144', '100>6 1000', '100>6 600']);
  });

  it('are used again once they are empty, also when nothing came', () => {
    const { kernel, pipes } = new Rig([-EAGAIN, 0, 10, 10, 20]);
    assert.equal(pipes.fill(1, SOCKET, SIZE), -EAGAIN);
    assert.equal(pipes.fill(1, SOCKET, SIZE), 0);
    assert.equal(pipes.fill(1, SOCKET, SIZE), 10);
    assert.equal(pipes.drain(1, SOCKET), 10);
    assert.equal(pipes.fill(2, SOCKET, SIZE), 20);
    assert.equal(kernel.open.size, 2, 'one pipe served all of that');
  });

  it('are closed when they are given up with bytes in them', () => {
    const { holdings, kernel, pipes } = new Rig([10]);
    pipes.fill(1, SOCKET, SIZE);
    assert.deepEqual([...holdings], [100, 101, 0, 0]);
    pipes.drop(1);
    assert.deepEqual([pipes.isFilled(1), kernel.open.size, [...holdings]], [false, 0, [0, 0, 0, 0]]);
    pipes.drop(1);
  });

  it('are no more than there is room for, and none when the kernel refuses one', () => {
    const { kernel, pipes } = new Rig([1, 1, 1]);
    assert.deepEqual(
      [pipes.fill(1, SOCKET, SIZE), pipes.fill(2, SOCKET, SIZE), pipes.fill(3, SOCKET, SIZE)],
      [1, 1, -NO_PIPE],
    );
    pipes.drop(1);
    kernel.pipesLeft = 0;
    assert.equal(pipes.fill(3, SOCKET, SIZE), -NO_PIPE);
    kernel.pipesLeft = 1;
    assert.equal(pipes.fill(3, SOCKET, SIZE), -NO_PIPE, 'not asked again before a pipe is closed');
    pipes.drop(2);
    assert.equal(pipes.fill(3, SOCKET, SIZE), 1);
    assert.deepEqual(
      [1, 2, 3].map((side) => pipes.isFilled(side)),
      [false, false, true],
    );
  });

  it('are smaller when the kernel has none of the best size', () => {
    const rig = new Rig([100]);
    rig.kernel.largestPipe = 262_144;
    assert.equal(rig.pipes.fill(1, SOCKET, SIZE), 100);
    assert.deepEqual(rig.calls('pipe'), ['1048576', '262144']);
  });

  it('are large for the first only, so that one worker does not take what all have', () => {
    const rig = new Rig(Array(10).fill(1), 10);
    for (let side = 0; side < 10; side++) assert.equal(rig.pipes.fill(side, SOCKET, SIZE), 1);
    assert.deepEqual(rig.calls('pipe'), [...Array(8).fill('1048576'), '262144', '262144']);
  });

  it('are asked for again after a pause, as another process may have taken all memory for them, and given it back', () => {
    const rig = new Rig([100]);
    rig.kernel.pipesLeft = 0;
    for (; rig.nowMs < 10_000; rig.nowMs += 10) assert.equal(rig.pipes.fill(1, SOCKET, SIZE), -NO_PIPE);
    assert.equal(rig.calls('pipe').length, 20, 'once a second, for each size');
    rig.kernel.pipesLeft = 1;
    rig.nowMs += 1_000;
    assert.equal(rig.pipes.fill(1, SOCKET, SIZE), 100);
  });
});

// What becomes of parked bytes on their way is tested with the relay.
describe('parking', () => {
  it('has room for as many reads as its budget holds, until they are sent or dropped, and takes no more memory', () => {
    const { ffi } = new ScriptedKernel();
    let allocated = 0;
    const address = (memory: NodeJS.ArrayBufferView): number => {
      allocated += memory.byteLength;
      return ffi.address(memory);
    };
    const parking = new Parking({ address }, 2.9 * READ_BYTES);
    for (let round = 0; round < 1_000; round++) {
      parking.park(2, new Uint8Array(READ_BYTES));
      parking.park(3, new Uint8Array(1));
      assert.equal(parking.hasRoom, false);
      assert.throws(() => parking.park(4, new Uint8Array(1)), /without room/);
      parking.drop(2);
      assert.equal(parking.hasRoom, true);
      parking.drop(3);
    }
    assert.equal(allocated, 2 * READ_BYTES, 'what the collector frees late would add up');
    parking.park(0, new Uint8Array(60));
    parking.park(1, new Uint8Array(30));
    assert.equal(
      parking.offer(0, () => 59),
      59,
    );
    assert.equal(parking.bytes, 31);
    assert.equal(
      parking.offer(0, (_at, size) => size),
      1,
    );
    parking.drop(1);
    parking.drop(1);
    assert.deepEqual([parking.bytes, parking.isParked(0), parking.isParked(1)], [0, false, false]);
    assert.equal(
      parking.offer(0, () => assert.fail()),
      0,
    );
  });
});
