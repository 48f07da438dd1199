/** What every engine promises of bytes: all of them, in order, and the end as it was. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { EngineName } from '../../../harness/engine/engine-host.ts';
import { CONTRACT_GROUPS, connectedPair } from '../../../harness/engine/engine-rig.ts';
import { pause, readAll, until, within } from '../../../harness/engine/tcp.ts';
import { byRunLength } from '../../../harness/run-length.ts';

const MEGABYTE = 1024 * 1024;
/** More than all buffers on the way hold. */
const UP_MB = byRunLength(60, 1_000);
const DOWN_MB = byRunLength(20, 300);

/** Writes `chunk` again and again, waiting for 'drain' as a good citizen does. Returns the hash of all of it. */
async function pump(socket: Socket, chunk: Buffer, times: number): Promise<string> {
  const hash = createHash('sha256');
  for (let n = 0; n < times; n++) {
    hash.update(chunk);
    if (!socket.write(chunk)) await within('room to write', once(socket, 'drain'), 60_000);
  }
  return hash.digest('hex');
}

function bytesContract(engine: EngineName): void {
  describe(`${engine}: bytes`, () => {
    it(`relays ${UP_MB} MB up and ${DOWN_MB} MB down at once`, async () => {
      await connectedPair(engine, {}, async ({ rig, client, backend }) => {
        const [up, down] = [readAll(backend), readAll(client)];
        const [upHash, downHash] = await Promise.all([
          pump(client, randomBytes(MEGABYTE), UP_MB),
          pump(backend, randomBytes(MEGABYTE), DOWN_MB),
        ]);
        client.end();
        backend.end();
        const ends = await within('all of it', Promise.all([up, down]), 60_000);
        assert.deepEqual(
          ends.map(({ bytes, sha256, how }) => [bytes, sha256, how]),
          [
            [UP_MB * MEGABYTE, upHash, 'end'],
            [DOWN_MB * MEGABYTE, downHash, 'end'],
          ],
        );
        const [closed] = await rig.waitFor('closed');
        assert.deepEqual(
          [closed?.toBackend, closed?.toClient, closed?.reason],
          [UP_MB * MEGABYTE, DOWN_MB * MEGABYTE, 'completed'],
        );
      });
    });

    for (const slow of ['backend', 'client'] as const) {
      it(`holds the sender back while the ${slow} does not read, and loses nothing`, async () => {
        await connectedPair(engine, {}, async ({ client, backend }) => {
          const [sender, reader] = slow === 'backend' ? [client, backend] : [backend, client];
          const hash = pump(sender, randomBytes(MEGABYTE), UP_MB).then((sha256) => {
            sender.end();
            return sha256;
          });
          const taken = (): number => sender.bytesWritten - sender.writableLength;
          let last = -1;
          await until('the sender to stall', () => {
            // The first look that sees no progress since the one before; each is some milliseconds after the last.
            const stalled = taken() === last && last > 0;
            last = taken();
            return stalled;
          });
          await pause(100);
          // The kernel's own buffers on the way hold some 20 MB at most.
          assert.ok(taken() < 40 * MEGABYTE, `${taken()} bytes were taken for a reader that reads nothing`);
          const { bytes, sha256, how } = await within('all of it', readAll(reader), 60_000);
          assert.deepEqual([bytes, sha256, how], [UP_MB * MEGABYTE, await hash, 'end']);
        });
      });
    }
  });
}

function endsContract(engine: EngineName): void {
  describe(`${engine}: ends`, () => {
    for (const first of ['client', 'backend'] as const) {
      it(`relays the end of the ${first} alone, and the other direction goes on`, async () => {
        await connectedPair(engine, {}, async ({ rig, client, backend }) => {
          const [ender, other] = first === 'client' ? [client, backend] : [backend, client];
          const atEnder = readAll(ender);
          ender.end('last words');
          const received = await within('the end', readAll(other));
          assert.deepEqual([received.text, received.how], ['last words', 'end']);
          assert.equal(rig.of('closed').length, 0, 'one direction is still open');
          other.write('still ');
          await new Promise((resolve) => setImmediate(resolve));
          other.end('here');
          const answer = await within('the other end', atEnder);
          assert.deepEqual([answer.text, answer.how], ['still here', 'end']);
          assert.deepEqual(await rig.closed(), ['completed']);
        });
      });

      it(`relays a reset of the ${first} as a reset`, async () => {
        await connectedPair(engine, {}, async ({ rig, client, backend }) => {
          const [resetter, other] = first === 'client' ? [client, backend] : [backend, client];
          const received = readAll(other);
          resetter.resetAndDestroy();
          assert.equal((await within('the reset', received)).how, 'ECONNRESET');
          assert.deepEqual(await rig.closed(), [`${first}_reset`]);
        });
      });
    }

    for (const [what, isTold, act] of [
      ['that ends without a byte', true, (_, backend) => backend.end()],
      ['that resets without a byte', true, (_, backend) => backend.resetAndDestroy()],
      ['that ends after its answer', false, (_, backend) => backend.end('bye')],
      ['that ends because the client has', false, (client) => client.end('bye')],
      ['whose client resets', false, (client) => client.resetAndDestroy()],
    ] as readonly [string, boolean, (client: Socket, backend: Socket) => void][]) {
      it(`${isTold ? 'tells' : 'does not tell'} the handler of a backend ${what}`, async () => {
        await connectedPair(engine, {}, async ({ rig, client, backend }) => {
          for (const side of [client, backend]) side.resume().on('end', () => side.end());
          act(client, backend);
          await rig.closed();
          assert.equal(rig.of('backend-ended').length > 0, isTold);
        });
      });
    }
  });
}

for (const engine of CONTRACT_GROUPS.bytes) bytesContract(engine);
for (const engine of CONTRACT_GROUPS.ends) endsContract(engine);
