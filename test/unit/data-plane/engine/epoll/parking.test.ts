/** What becomes of parked bytes on their way is tested with the relay. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Parking } from '../../../../../data-plane/engine/epoll/parking.ts';
import { ScriptedKernel } from '../../../../../harness/engine/scripted-kernel.ts';

describe('parking', () => {
  it('counts whole buffers of all sides against its budget, until they are sent or dropped', () => {
    const parking = new Parking(new ScriptedKernel().ffi, 100);
    parking.park(0, new Uint8Array(60));
    parking.park(1, new Uint8Array(30));
    assert.deepEqual([parking.hasRoom(10), parking.hasRoom(11)], [true, false]);
    assert.equal(
      parking.offer(0, () => 59),
      59,
    );
    assert.equal(parking.bytes, 90, 'its buffer is kept while a byte of it is left');
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
