/**
 * What the epoll engine promises when it meets at once what peers did one after the other: its thread is held meanwhile.
 * The kernel then tells of bytes, an end and a reset in one event.
 */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { CONTRACT_GROUPS } from '../../../harness/engine/engine-rig.ts';
import type { EngineName } from '../../../harness/engine/engine-host.ts';
import {
  arrived,
  type RawPair,
  readBytes,
  readToEnd,
  sendSome,
  stretch,
  withRawPair,
} from '../../../harness/engine/raw-traffic.ts';
import { until } from '../../../harness/engine/tcp.ts';

const { ECONNRESET } = constants.errno;
const SIDES = ['client', 'backend'] as const;
/** So much that neither the other peer nor the engine's socket to it holds all of it, when buffers are small. */
const MUCH_BYTES = 150_000;
/** More than a peer's kernel takes that reads nothing, less than the engine's kernel takes beyond that. */
const UNREAD_BYTES = 80_000;
const SMALL_BUFFER_BYTES = 32 * 1024;

function otherOf(pair: RawPair, side: (typeof SIDES)[number]): RawPair['client'] {
  return side === 'client' ? pair.backend : pair.client;
}

/** A server that answers 413 and resets while the client uploads, say. */
function resetContract(engine: EngineName, side: (typeof SIDES)[number]): void {
  for (const [when, otherBytes, ownBytes] of [
    ['nothing else is said', 0, 100_000],
    ['bytes are on their way to it', 300_000, 50_000],
  ] as const) {
    it(`brings all that the ${side} said before its reset, and the reset, when ${when}`, async () => {
      await withRawPair(engine, 0, async (rig, pair) => {
        const other = otherOf(pair, side);
        const release = await rig.hold();
        // The engine learns of the reset by a send as well as by a read.
        sendSome(other, stretch(8, otherBytes));
        const words = stretch(9, ownBytes);
        assert.equal(sendSome(pair[side], words), words.length);
        await arrived(pair[side]);
        pair[side].reset();
        release();
        const { bytes, how } = await readToEnd(other);
        assert.ok(words.equals(bytes), `${bytes.length} bytes of ${words.length}`);
        assert.equal(how, -ECONNRESET);
        assert.deepEqual(await rig.closed(), [`${side}_reset`]);
        const [closed] = rig.of('closed');
        assert.equal(side === 'client' ? closed?.toBackend : closed?.toClient, words.length);
      });
    });
  }

  it(`delivers what the ${side} said before its end and a reset when the other has ended already, and reads late`, async () => {
    await withRawPair(engine, SMALL_BUFFER_BYTES, async (rig, pair) => {
      const other = otherOf(pair, side);
      // It is never read, so the end behind it is not acknowledged yet when the reset comes.
      assert.equal(sendSome(other, stretch(3, UNREAD_BYTES)), UNREAD_BYTES);
      other.end();
      await arrived(other);
      await rig.connections();
      const words = stretch(4, MUCH_BYTES);
      const heard: Buffer[] = [];
      let sent = 0;
      await until('all of it to be with the engine', () => {
        sent += sendSome(pair[side], words.subarray(sent));
        if (sent === words.length) pair[side].end();
        if (sent === words.length && pair[side].unacknowledged === 0) return true;
        // Only as much as makes room for it: the way to this side is full all the while.
        const some = Buffer.alloc(4_096);
        const got = other.receive(some);
        if (got > 0) heard.push(some.subarray(0, got));
        return false;
      });
      pair[side].reset();
      await rig.connections();
      heard.push((await readToEnd(other)).bytes);
      assert.ok(
        Buffer.concat(heard).equals(words),
        `${Buffer.concat(heard).length} bytes of ${words.length}`,
      );
      other.close();
      await rig.closed();
    });
  });

  it('brings them too when the other reads late, and sends all the while', async () => {
    await withRawPair(engine, SMALL_BUFFER_BYTES, async (rig, pair) => {
      const other = otherOf(pair, side);
      const words = stretch(10, UNREAD_BYTES);
      let sent = 0;
      await until('all of it to be with the engine', () => {
        sent += sendSome(pair[side], words.subarray(sent));
        return sent === words.length && pair[side].unacknowledged === 0;
      });
      sendSome(other, stretch(11, UNREAD_BYTES));
      await rig.connections();
      pair[side].reset();
      await rig.connections();
      // The kernel tells of a reset once: to this send, if it has come already.
      const told = other.send(stretch(12, 1_000));
      await rig.connections();
      const { bytes, how } = await readToEnd(other);
      assert.ok(words.equals(bytes), `${bytes.length} bytes of ${words.length}`);
      assert.ok([told, how].includes(-ECONNRESET), `${told}, then ${how}`);
      assert.deepEqual(await rig.closed(), [`${side}_reset`]);
    });
  });
}

function urgentContract(engine: EngineName, side: (typeof SIDES)[number]): void {
  for (const [name, bytes] of [
    ['little', 10],
    ['much', 900_000],
  ] as const) {
    it(`brings an urgent byte of the ${side} in its place, after ${name} else, and what is behind it`, async () => {
      await withRawPair(engine, 0, async (rig, pair) => {
        const [before, behind] = [stretch(6, bytes), stretch(7, bytes)];
        const release = await rig.hold();
        assert.equal(sendSome(pair[side], before), bytes);
        assert.equal(pair[side].sendUrgent(Buffer.from('!')), 1);
        assert.equal(sendSome(pair[side], behind), bytes);
        release();
        const got = await readBytes(otherOf(pair, side), 2 * bytes + 1);
        assert.ok(got.subarray(0, bytes).equals(before), 'what was said before it');
        assert.equal(String(got.subarray(bytes, bytes + 1)), '!');
        assert.ok(got.subarray(bytes + 1).equals(behind), 'what was said behind it');
        // And on it goes, with another, and what was said in between.
        pair[side].sendUrgent(Buffer.from('more!'));
        sendSome(pair[side], Buffer.from('the end'));
        pair[side].end();
        assert.equal(String((await readToEnd(otherOf(pair, side))).bytes), 'more!the end');
      });
    });
  }
}

function atOnceContract(engine: EngineName): void {
  describe(`${engine}: all at once`, () => {
    for (const side of SIDES) {
      resetContract(engine, side);
      urgentContract(engine, side);
    }
  });
}

for (const engine of CONTRACT_GROUPS.atOnce) atOnceContract(engine);
