/** Conversations drawn at random: whatever two peers do, what arrives is a prefix, and whole when it ends in order. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import { type Random, randomBelow, seededRandom } from '../../core/runtime/random.ts';
import type { EngineName } from '../harness/engine-host.ts';
import { EngineRig } from '../harness/engine-rig.ts';
import { dial, either, pause, readAll, TcpServer, until, within } from '../harness/tcp.ts';

const CONVERSATIONS = 60;
const AT_ONCE = 6;

/** What one peer does: says `bytes` in pieces, then ends or resets. `lazy` peers start to read late. */
interface Part {
  readonly seed: number;
  readonly bytes: number;
  readonly finish: 'end' | 'reset' | 'end, then reset';
  readonly lazyMs: number;
}

function drawPart(random: Random): Part {
  const draw = random.next();
  return {
    seed: randomBelow(random, 2 ** 31),
    bytes: randomBelow(random, 4) === 0 ? randomBelow(random, 4_000_000) : randomBelow(random, 5_000),
    finish: draw < 0.6 ? 'end' : draw < 0.8 ? 'reset' : 'end, then reset',
    lazyMs: randomBelow(random, 3) === 0 ? randomBelow(random, 40) : 0,
  };
}

/** The bytes that a part says: a function of its seed, so that the reader can check each one. */
function speech({ seed, bytes }: Part): Buffer {
  const random = seededRandom(seed);
  const words = new Uint32Array(Math.ceil(bytes / 4));
  for (let at = 0; at < words.length; at++) words[at] = Math.floor(random.next() * 2 ** 32);
  return Buffer.from(words.buffer, 0, bytes);
}

interface Heard {
  readonly bytes: Buffer;
  readonly how: string;
}

async function hear(socket: Socket, { lazyMs }: Part): Promise<Heard> {
  const chunks: Buffer[] = [];
  if (lazyMs > 0) await pause(lazyMs);
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { how } = await readAll(socket);
  return { bytes: Buffer.concat(chunks), how };
}

async function speak(socket: Socket, part: Part): Promise<void> {
  const random = seededRandom(part.seed + 1);
  const words = speech(part);
  for (let at = 0; at < words.length && !socket.destroyed; ) {
    const size = random.next() < 0.3 ? 1 + randomBelow(random, 100) : 1 + randomBelow(random, 200_000);
    const hasRoom = socket.write(words.subarray(at, at + size));
    at += size;
    if (!hasRoom) await either(socket, 'drain');
    else if (random.next() < 0.1) await pause(randomBelow(random, 5));
  }
  if (part.finish !== 'reset') {
    socket.end();
    if (part.finish === 'end') return;
    await either(socket, 'finish');
    await pause(randomBelow(random, 20));
  }
  socket.resetAndDestroy();
}

/** What `reader` may have heard of `speaker`. */
function check(reader: Part, heard: Heard, speaker: Part, who: string): void {
  const said = speech(speaker);
  assert.ok(heard.bytes.length <= said.length, `${who} heard more than was said`);
  assert.ok(heard.bytes.equals(said.subarray(0, heard.bytes.length)), `${who} heard other bytes`);
  if (heard.how === 'end')
    assert.equal(heard.bytes.length, said.length, `${who} heard an end before the end`);
  if (reader.finish !== 'end') return;
  if (speaker.finish === 'end') assert.equal(heard.how, 'end', `${who} must hear the end`);
  if (speaker.finish === 'reset') assert.notEqual(heard.how, 'end', `${who} must not hear an end in order`);
}

async function converse(
  rig: EngineRig,
  backends: Map<number, Socket>,
  parts: readonly [Part, Part],
): Promise<void> {
  const [clientPart, backendPart] = parts;
  const client = await dial(rig.port);
  const localPort = client.localPort ?? 0;
  // The first bytes say which client this is.
  const tag = Buffer.alloc(2);
  tag.writeUInt16BE(localPort);
  client.write(tag);
  await until('its backend', () => backends.has(localPort));
  const backend = backends.get(localPort);
  assert.ok(backend);
  const heard = Promise.all([hear(client, clientPart), hear(backend, backendPart)]);
  await within(
    'both to speak',
    Promise.all([speak(client, clientPart), speak(backend, backendPart)]),
    30_000,
  );
  // A peer that reset its own socket hears nothing more; the other one always hears how it ends.
  const [atClient, atBackend] = await within('both to hear', heard, 30_000);
  if (clientPart.finish === 'end') check(clientPart, atClient, backendPart, 'the client');
  if (backendPart.finish === 'end') check(backendPart, atBackend, clientPart, 'the backend');
}

export function randomContract(engine: EngineName): void {
  describe(`${engine}: at random`, () => {
    it('keeps every byte in its place, whatever two peers do', async (test) => {
      const seed = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      test.diagnostic(`TEST_SEED=${seed}`);
      const random = seededRandom(seed);
      const backends = new Map<number, Socket>();
      const server = await TcpServer.start((socket) => {
        socket.once('readable', () => {
          const tag = socket.read(2) as Buffer | null;
          if (tag) backends.set(tag.readUInt16BE(), socket);
        });
      });
      const rig = await EngineRig.start(engine, { rows: [{ host: '127.0.0.1', port: server.port }] });
      rig.onStop(() => server.stop());
      for (let done = 0; done < CONVERSATIONS; done += AT_ONCE) {
        const parts = Array.from({ length: AT_ONCE }, (): [Part, Part] => [
          drawPart(random),
          drawPart(random),
        ]);
        await Promise.all(
          parts.map((pair) =>
            converse(rig, backends, pair).catch((error: unknown) => {
              throw new Error(`TEST_SEED=${seed} ${JSON.stringify(pair)}`, { cause: error });
            }),
          ),
        );
      }
      await rig.closed(CONVERSATIONS);
      await rig.stop();
    });
  });
}
