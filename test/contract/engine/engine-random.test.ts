/**
 * Conversations drawn at random, many at once: whatever two peers do, what arrives is a prefix, and whole when it ended
 * in order. TEST_SEED repeats a run, TEST_CASE one conversation of it.
 */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, it } from 'node:test';
import { randomBelow, seededRandom } from '../../../core/runtime/random.ts';
import { drawParts, type Part, Peer, TAG_BYTES } from '../../../harness/engine/engine-conversation.ts';
import { CONTRACT_GROUPS, EngineRig } from '../../../harness/engine/engine-rig.ts';
import { RawListener, RawSocket } from '../../../harness/engine/raw-socket.ts';
import { PATIENCE, pause } from '../../../harness/engine/tcp.ts';
import { byRunLength } from '../../../harness/run-length.ts';

const { EAGAIN } = constants.errno;
/** How many conversations an engine has, with the system's buffers and with small ones. Each run draws others. */
const CONVERSATIONS = byRunLength(
  { epoll: 500, 'epoll with splice': 250 },
  { epoll: 10_000, 'epoll with splice': 4_000 },
);
const AT_ONCE = 32;
const SMALL_BUFFER_BYTES = 16 * 1024;
/** One of so many clients is gone before it has said who it is. */
const ABRUPT_ONE_OF = 25;
/** A conversation of the largest kind takes a second on a loaded machine; one that hangs has failed. */
const DEADLINE_MS = 60_000 * PATIENCE;
/** After so long without a byte a conversation has failed, unless its peer may have gone unnoticed. */
const SILENCE_MS = 10_000 * PATIENCE;
/** Only the engine can end a connection whose peer went unnoticed; whoever else meets this limit hangs. */
const HALF_CLOSED_MS = 15_000 * PATIENCE;

class Conversation {
  readonly name: string;
  readonly parts: readonly [Part, Part];
  readonly #startMs = Date.now();
  #movedMs = this.#startMs;
  #wasSilent = false;
  readonly #seed: number;
  readonly #client: Peer;
  #backend: Peer | null = null;

  constructor(seed: number, index: number, { port }: EngineRig, bufferBytes: number) {
    this.#seed = Math.imul(seed, 31) + index;
    const random = seededRandom(this.#seed);
    this.parts = drawParts(random, bufferBytes > 0 ? 12 * bufferBytes : Number.POSITIVE_INFINITY);
    this.name = `TEST_SEED=${seed} TEST_CASE=${index} ${JSON.stringify(this.parts)}`;
    const socket = RawSocket.connect(port, bufferBytes);
    const tag = Buffer.alloc(TAG_BYTES);
    tag.writeUInt32BE(index);
    assert.equal(socket.send(tag), TAG_BYTES);
    this.#client = new Peer(socket, this.parts[0], random);
  }

  /** Its client is connected to a backend. */
  connected(socket: RawSocket): void {
    this.#backend = new Peer(socket, this.parts[1], seededRandom(this.#seed + 1));
  }

  get isOver(): boolean {
    return this.#backend !== null && this.#client.isOver && this.#backend.isOver;
  }

  /** Whether the half-closed timeout may be what ended it. */
  get wasSilent(): boolean {
    return this.#wasSilent && this.#mayBeSilent;
  }

  get #mayBeSilent(): boolean {
    return this.#client.mayGoUnnoticed || (this.#backend?.mayGoUnnoticed ?? false);
  }

  step(): boolean {
    const backend = this.#backend;
    const nowMs = Date.now();
    if (nowMs - this.#startMs > DEADLINE_MS) throw new Error(`it hangs; ${this.#state}`);
    const one = backend !== null && !this.#client.isOver && this.#client.step(backend);
    const other = backend !== null && !backend.isOver && backend.step(this.#client);
    if (one || other) this.#movedMs = nowMs;
    // After the step: it is no silence when this machine stood still.
    else if (nowMs - this.#movedMs > SILENCE_MS) {
      this.#wasSilent = true;
      if (!this.#mayBeSilent) throw new Error(`silent for ${SILENCE_MS / 1_000} s; ${this.#state}`);
    }
    return one || other;
  }

  get #state(): string {
    return `client: ${this.#client.state}; backend: ${this.#backend?.state ?? 'none'}`;
  }

  finish(): void {
    assert.ok(this.#backend);
    this.#client.check(this.#backend);
    this.#backend.check(this.#client);
    this.#client.close();
    this.#backend.close();
  }
}

/** Runs the conversations of one engine, some at once. */
class Storm {
  readonly #rig: EngineRig;
  readonly #listener: RawListener;
  readonly #bufferBytes: number;
  readonly #running = new Map<number, Conversation>();
  /** Accepted, and not known yet whose they are. */
  #unknown: RawSocket[] = [];
  abrupt = 0;

  constructor(rig: EngineRig, listener: RawListener, bufferBytes: number) {
    this.#rig = rig;
    this.#listener = listener;
    this.#bufferBytes = bufferBytes;
  }

  async run(seed: number, cases: readonly number[]): Promise<readonly Conversation[]> {
    const done: Conversation[] = [];
    const waiting = [...cases].reverse();
    const random = seededRandom(seed);
    while (waiting.length > 0 || this.#running.size > 0) {
      while (this.#running.size < AT_ONCE && waiting.length > 0) {
        const index = waiting.pop() ?? 0;
        this.#running.set(index, new Conversation(seed, index, this.#rig, this.#bufferBytes));
        if (randomBelow(random, ABRUPT_ONE_OF) === 0) this.#abruptClient();
      }
      const isBusy = this.#round(done);
      await (isBusy ? new Promise((resolve) => setImmediate(resolve)) : pause(1));
    }
    for (const socket of this.#unknown) socket.close();
    return done;
  }

  #abruptClient(): void {
    const socket = RawSocket.connect(this.#rig.port);
    socket.send(Buffer.alloc(this.abrupt % TAG_BYTES));
    socket.reset();
    this.abrupt += 1;
  }

  #round(done: Conversation[]): boolean {
    for (let next = this.#listener.accept(); next; next = this.#listener.accept()) this.#unknown.push(next);
    this.#unknown = this.#unknown.filter((socket) => !this.#introduce(socket));
    let isBusy = false;
    for (const [index, conversation] of this.#running) {
      try {
        if (conversation.step()) isBusy = true;
        if (!conversation.isOver) continue;
        conversation.finish();
      } catch (error) {
        throw new Error(conversation.name, { cause: error });
      }
      this.#running.delete(index);
      done.push(conversation);
    }
    return isBusy;
  }

  /** Whether a socket is of no more concern to us. */
  #introduce(socket: RawSocket): boolean {
    const tag = Buffer.alloc(TAG_BYTES);
    const got = socket.receive(tag);
    if (got === -EAGAIN) return false;
    if (got === TAG_BYTES) this.#running.get(tag.readUInt32BE(0))?.connected(socket);
    // What is left is an abrupt client's.
    else socket.close();
    return true;
  }
}

function isOrderly({ parts }: Conversation): boolean {
  return parts.every(({ finish }) => finish === 'end' || finish === 'end last');
}

async function storm(engine: keyof typeof CONVERSATIONS, bufferBytes: number, seed: number): Promise<void> {
  const only = process.env['TEST_CASE'];
  const cases = only === undefined ? [...Array(CONVERSATIONS[engine]).keys()] : [Number(only)];
  const listener = new RawListener(bufferBytes);
  const rows = [{ host: '127.0.0.1', port: listener.port }];
  const timeouts = { connectMs: 5_000, idleMs: 0, halfClosedMs: HALF_CLOSED_MS, lifetimeMs: 0 };
  await EngineRig.run(engine, { rows, bufferBytes, timeouts }, [() => listener.close()], async (rig) => {
    const run = new Storm(rig, listener, bufferBytes);
    const done = await run.run(seed, cases);
    await rig.waitFor('closed', cases.length + run.abrupt);
    assert.deepEqual(rig.of('fault'), []);
    checkTimeouts(rig, done);
    checkCounts(rig, done);
  });
}

/** No connection times out but those of peers that went unnoticed. */
function checkTimeouts(rig: EngineRig, done: readonly Conversation[]): void {
  const timedOut = rig.of('closed').filter(({ reason }) => reason === 'half_closed_timeout').length;
  const silent = done.filter(({ wasSilent }) => wasSilent).length;
  assert.ok(timedOut <= silent, `${timedOut} connections timed out; the peers of ${silent} went unnoticed`);
}

/** Each connection whose peers both ended in order is closed as completed, with every byte counted. */
function checkCounts(rig: EngineRig, done: readonly Conversation[]): void {
  const counted = rig
    .of('closed')
    .filter(({ reason }) => reason === 'completed')
    .map(({ toBackend, toClient }) => `${toBackend - TAG_BYTES} up, ${toClient} down`);
  for (const { name, parts } of done.filter(isOrderly)) {
    const at = counted.indexOf(`${parts[0].bytes} up, ${parts[1].bytes} down`);
    assert.ok(at >= 0, `no connection is counted so: ${name}`);
    counted.splice(at, 1);
  }
}

function randomContract(engine: keyof typeof CONVERSATIONS): void {
  for (const [name, bufferBytes] of [
    ['the buffers of the system', 0],
    ['small buffers', SMALL_BUFFER_BYTES],
  ] as const) {
    describe(`${engine}: at random, with ${name}`, () => {
      it('keeps every byte in its place, whatever two peers do', async (test) => {
        const seed = Number(process.env['TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
        test.diagnostic(`TEST_SEED=${seed}`);
        await storm(engine, bufferBytes, seed);
      });
    });
  }
}

for (const engine of CONTRACT_GROUPS.random) randomContract(engine);
