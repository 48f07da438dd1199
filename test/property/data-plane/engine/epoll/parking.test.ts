/** Parked bytes against lists of bytes. */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Parking } from '../../../../../data-plane/engine/epoll/parking.ts';
import { ScriptedKernel } from '../../../../../harness/engine/scripted-kernel.ts';

const { EAGAIN, ECONNRESET } = constants.errno;
const BUDGET = 100;

const side = fc.nat(4);
const step = fc.oneof(
  fc.record({
    type: fc.constant('park' as const),
    side,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }),
  }),
  fc.record({ type: fc.constant('offer' as const), side, answer: fc.nat(60) }),
  fc.record({ type: fc.constant('offer' as const), side, answer: fc.constantFrom(-EAGAIN, -ECONNRESET) }),
  fc.record({ type: fc.constant('drop' as const), side }),
);

/** What parking must do, done the slow way. */
class Model {
  readonly #kernel = new ScriptedKernel();
  readonly #parking = new Parking(this.#kernel.ffi, BUDGET);
  /** By side: how much memory it holds, and what is still to be sent. */
  readonly #parked = new Map<number, { readonly held: number; readonly left: number[] }>();

  /** As the relay does: nothing twice for a side, and only what there is room for. */
  park(to: number, bytes: Uint8Array): void {
    const hasRoom = this.#held() + bytes.length <= BUDGET;
    assert.equal(this.#parking.hasRoom(bytes.length), hasRoom);
    if (!hasRoom || this.#parked.has(to)) return;
    const shared = bytes.slice();
    this.#parking.park(to, shared);
    this.#parked.set(to, { held: bytes.length, left: [...bytes] });
    // The buffer that they were read into is used again at once.
    shared.fill(0);
  }

  offer(to: number, answer: number): void {
    const parked = this.#parked.get(to);
    const fd = this.#kernel.lend();
    this.#kernel.answers.send = [answer];
    let offered = 0;
    const taken = this.#parking.offer(to, (at, size) => {
      offered += size;
      return this.#kernel.send(fd, at, size);
    });
    assert.equal(offered, parked?.left.length ?? 0, 'all of it is offered, once');
    const expected = parked ? Math.min(answer, parked.left.length) : 0;
    assert.equal(taken, expected);
    assert.deepEqual(this.#kernel.sent.get(fd) ?? [], parked?.left.splice(0, Math.max(0, expected)) ?? []);
    if (parked?.left.length === 0) this.#parked.delete(to);
  }

  drop(to: number): void {
    this.#parking.drop(to);
    this.#parked.delete(to);
  }

  check(): void {
    assert.equal(this.#parking.bytes, this.#held());
    assert.ok(this.#parking.bytes <= BUDGET);
    for (let to = 0; to <= 4; to++) assert.equal(this.#parking.isParked(to), this.#parked.has(to));
  }

  #held(): number {
    return [...this.#parked.values()].reduce((sum, { held }) => sum + held, 0);
  }
}

describe('parking', () => {
  it('gives each byte to its side once, in order, and holds no more than its budget', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const model = new Model();
        for (const each of steps) {
          if (each.type === 'park') model.park(each.side, each.bytes);
          else if (each.type === 'offer') model.offer(each.side, each.answer);
          else model.drop(each.side);
          model.check();
        }
      }),
      { numRuns: 500 },
    );
  });
});
