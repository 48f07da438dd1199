/** Pipes for bulk: few of them serve many, none is filled twice, and none is lost. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { NO_PIPE, Pipes } from '../../../../../data-plane/engine/epoll/pipes.ts';
import type { LoopCalls } from '../../../../../data-plane/kernel/loop-calls.ts';

const { EAGAIN } = constants.errno;
const SOCKET = 5;
const SIZE = 262_144;

/** A kernel with pipes, where each splice answers what the test said it would. */
class Kernel {
  readonly open = new Set<number>();
  readonly spliced: string[] = [];
  answers: number[] = [];
  pipesLeft = Number.POSITIVE_INFINITY;
  nowMs = 0;
  largest = Number.POSITIVE_INFINITY;
  /** Sizes. */
  readonly asked: number[] = [];
  #next = 100;

  pipe(bytes: number): { output: number; input: number } | null {
    this.asked.push(bytes);
    if (bytes > this.largest) return null;
    if (this.pipesLeft-- <= 0) return null;
    const ends = { output: this.#next, input: this.#next + 1 };
    this.#next += 2;
    this.open.add(ends.output).add(ends.input);
    return ends;
  }

  splice(from: number, to: number, size: number): number {
    this.spliced.push(`${from}>${to} ${size}`);
    return this.answers.shift() ?? -EAGAIN;
  }

  close(fd: number): number {
    assert.ok(this.open.delete(fd), `${fd} is closed twice`);
    return 0;
  }
}

function pipesOf(kernel: Kernel, places = 2): { pipes: Pipes; holdings: Int32Array } {
  const holdings = new Int32Array(2 * places);
  return { pipes: new Pipes(kernel as unknown as LoopCalls, holdings, () => kernel.nowMs), holdings };
}

describe('pipes', () => {
  it('carry bytes from a socket to a side, in as many steps as the side takes', () => {
    const kernel = new Kernel();
    const { pipes } = pipesOf(kernel);
    kernel.answers = [1_000, 400, 600];
    assert.equal(pipes.fill(7, SOCKET, SIZE), 1_000);
    assert.equal(pipes.isFilled(7), true);
    assert.equal(pipes.drain(7, SOCKET + 1), 400);
    assert.equal(pipes.isFilled(7), true, '600 bytes are in it still');
    assert.equal(pipes.drain(7, SOCKET + 1), 600);
    assert.equal(pipes.isFilled(7), false);
    assert.deepEqual(kernel.spliced, ['5>101 262144', '100>6 1000', '100>6 600']);
  });

  it('are used again once they are empty, also when nothing came', () => {
    const kernel = new Kernel();
    const { pipes } = pipesOf(kernel);
    kernel.answers = [-EAGAIN, 0, 10, 10, 20];
    assert.equal(pipes.fill(1, SOCKET, SIZE), -EAGAIN);
    assert.equal(pipes.fill(1, SOCKET, SIZE), 0);
    assert.equal(pipes.fill(1, SOCKET, SIZE), 10);
    assert.equal(pipes.drain(1, SOCKET), 10);
    assert.equal(pipes.fill(2, SOCKET, SIZE), 20);
    assert.equal(kernel.open.size, 2, 'one pipe served all of that');
  });

  it('are closed when they are given up with bytes in them', () => {
    const kernel = new Kernel();
    const { pipes, holdings } = pipesOf(kernel);
    kernel.answers = [10];
    pipes.fill(1, SOCKET, SIZE);
    assert.deepEqual([...holdings], [100, 101, 0, 0]);
    pipes.drop(1);
    assert.deepEqual([pipes.isFilled(1), kernel.open.size, [...holdings]], [false, 0, [0, 0, 0, 0]]);
    pipes.drop(1);
  });

  it('are no more than there is room for, and none when the kernel refuses one', () => {
    const kernel = new Kernel();
    const { pipes } = pipesOf(kernel, 2);
    kernel.answers = [1, 1, 1];
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
    const kernel = new Kernel();
    const { pipes } = pipesOf(kernel);
    kernel.largest = 262_144;
    kernel.answers = [100];
    assert.equal(pipes.fill(1, SOCKET, SIZE), 100);
    assert.deepEqual(kernel.asked, [1_048_576, 262_144]);
  });

  it('are large for the first only, so that one worker does not take what all have', () => {
    const kernel = new Kernel();
    const { pipes } = pipesOf(kernel, 10);
    for (let side = 0; side < 10; side++) {
      kernel.answers = [1];
      assert.equal(pipes.fill(side, SOCKET, SIZE), 1);
    }
    assert.deepEqual(kernel.asked, [...Array(8).fill(1_048_576), 262_144, 262_144]);
  });

  it('are asked for again after a pause, as another process may have taken all memory for them, and given it back', () => {
    const kernel = new Kernel();
    const { pipes } = pipesOf(kernel);
    for (let ms = 0; ms < 10_000; ms += 10) {
      kernel.nowMs = ms;
      kernel.pipesLeft = 0;
      assert.equal(pipes.fill(1, SOCKET, SIZE), -NO_PIPE);
    }
    assert.equal(kernel.asked.length, 20, 'once a second, for each size');
    kernel.pipesLeft = 1;
    kernel.nowMs += 1_000;
    kernel.answers = [100];
    assert.equal(pipes.fill(1, SOCKET, SIZE), 100);
  });
});
