/**
 * Two peers that talk through an engine, each as its part says, step by step: what is said, read, ended or reset is
 * drawn from a seed, and every byte that is heard is compared at once.
 *
 * What must hold is invariant 7 of the architecture: a peer hears a prefix of what the other said; all of it, when
 * the other ended in order, even if it was reset later, and when the engine had all of it before the reset; an orderly
 * end only if there was one; and the end of one that was reset is a reset.
 */
import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { type Random, randomBelow, seededRandom } from '../../core/runtime/random.ts';
import type { RawSocket } from './raw-socket.ts';

const { EAGAIN } = constants.errno;
const POOL_BYTES = 8 * 1024 * 1024;
/** A peer that sent nothing for so many steps, though it has more to say, is stalled. */
const STALL_STEPS = 50;
/** Two that both read nothing would wait for each other for ever: after so many steps one gives up. */
const PATIENCE_STEPS = 500;
/** The first bytes of a client: which conversation it is. */
export const TAG_BYTES = 4;

/** What is said: a stretch of this, so that the bytes of one conversation are not those of another. */
const pool = randomPool();
const heardBytes = new Uint8Array(256 * 1024);

const FINISHES = [
  'end',
  /** When the other was heard to the end. */
  'end last',
  'reset',
  'reset last',
  /** Reset once the other's kernel has everything: nothing of it may be lost, though there was no end. */
  'arrive, then reset',
  'end, then reset',
  /** Reset once the other's kernel has everything, the end included: nothing of it may be lost. */
  'end, arrive, then reset',
] as const;
type Finish = (typeof FINISHES)[number];
const READS = ['at once', 'now and then', 'late', 'when the other stalls', 'never'] as const;

export interface Part {
  readonly from: number;
  readonly bytes: number;
  /** The most that is sent and read at once. */
  readonly atOnce: number;
  readonly finish: Finish;
  readonly reads: (typeof READS)[number];
  /** The byte behind so many others is urgent; null: none is. */
  readonly urgentAt: number | null;
}

/** The parts of the client and of the backend. */
export function drawParts(random: Random, mostBytes: number): readonly [Part, Part] {
  const client = drawPart(random, mostBytes);
  const backend = drawPart(random, mostBytes);
  // Somebody must come first.
  const bothLast = client.finish.endsWith('last') && backend.finish.endsWith('last');
  return [bothLast ? { ...client, finish: 'end' } : client, backend];
}

function drawPart(random: Random, mostBytes: number): Part {
  const finish = pick(random, FINISHES);
  // Who never reads would never hear the end that it waits for.
  const readsAtLast = finish === 'end' || finish.endsWith('last');
  const bytes = Math.min(drawBytes(random), mostBytes);
  // The last byte more often than any other.
  const urgentAt = Math.min(bytes - 1, randomBelow(random, Math.ceil(1.3 * bytes) + 1));
  return {
    from: randomBelow(random, POOL_BYTES / 2),
    bytes,
    atOnce: pick(random, [1_000, 20_000, 300_000]),
    finish,
    reads: pick(random, readsAtLast ? READS.slice(0, -1) : READS),
    urgentAt: bytes > 0 && randomBelow(random, 3) === 0 ? urgentAt : null,
  };
}

function drawBytes(random: Random): number {
  const draw = randomBelow(random, 100);
  if (draw < 10) return 0;
  if (draw < 65) return randomBelow(random, 2_000);
  if (draw < 90) return randomBelow(random, 100_000);
  return draw < 98 ? randomBelow(random, 600_000) : randomBelow(random, POOL_BYTES / 2);
}

function pick<T>(random: Random, from: readonly T[]): T {
  const picked = from[randomBelow(random, from.length)];
  assert.ok(picked !== undefined);
  return picked;
}

function randomPool(): Uint8Array {
  const random = seededRandom(1);
  const words = new Uint32Array(POOL_BYTES / 4);
  for (let at = 0; at < words.length; at++) words[at] = random.next() * 2 ** 32;
  return new Uint8Array(words.buffer);
}

/** One of the two. `step` does a little; call it until `isOver`. */
export class Peer {
  readonly part: Part;
  readonly #socket: RawSocket;
  readonly #random: Random;
  #said = 0;
  #silentSteps = 0;
  #output: 'speaking' | 'ended' | 'reset' = 'speaking';
  /** Everything, its end included, is in the kernel of the engine. */
  #hasArrived = false;
  /** Its socket told of a reset when it sent: the kernel says it once. */
  #sendFailed = false;
  #heard = 0;
  /** It left in a way that its kernel may tell nobody of: see RawSocket.reset. */
  mayGoUnnoticed = false;
  /** How its input ended. */
  how: 'open' | 'end' | 'reset' = 'open';

  constructor(socket: RawSocket, part: Part, random: Random) {
    this.#socket = socket;
    this.part = part;
    this.#random = random;
  }

  get isOver(): boolean {
    return this.#output === 'reset' || (this.#output === 'ended' && this.how !== 'open' && this.#isDone);
  }

  get isStalled(): boolean {
    return this.#silentSteps >= STALL_STEPS || this.#output !== 'speaking';
  }

  /** Whether something happened. */
  step(other: Peer): boolean {
    const before = this.#said + this.#heard;
    const wasOutput = this.#output;
    this.#speak(other);
    if (this.#output !== 'reset') this.#hear(other);
    return this.#said + this.#heard !== before || this.#output !== wasOutput;
  }

  /** Fails when this peer heard what the other did not say. */
  check(other: Peer): void {
    const said = other.part;
    if (this.how === 'end') {
      assert.equal(this.#heard, said.bytes, 'heard an end before the last byte');
      assert.ok(said.finish.startsWith('end'), 'heard an end in order of one that only ever resets');
    }
    // One that is reset by itself hears nothing more.
    if (this.how === 'open') return;
    if (said.finish === 'end' || said.finish === 'end last') {
      assert.equal(this.how, 'end', 'heard a reset of one that ends in order');
    } else if (other.#hasArrived) {
      assert.equal(this.#heard, said.bytes, 'lost bytes that were there before an end or a reset');
    }
  }

  close(): void {
    this.#socket.close();
  }

  /** For the message of a failure. */
  get state(): string {
    const sent = `said ${this.#said}, ${this.#socket.unacknowledged} not acknowledged, ${this.#output}`;
    return `${sent}; heard ${this.#heard}, ${this.how}`;
  }

  /** Whether its part has come to its end, but for what it hears. */
  get #isDone(): boolean {
    return this.part.finish === 'end' || this.part.finish === 'end last';
  }

  get #owesUrgent(): boolean {
    const { urgentAt } = this.part;
    return urgentAt === this.#said && this.#output === 'speaking' && !this.#sendFailed;
  }

  #speak(other: Peer): void {
    const { bytes, from, atOnce, urgentAt } = this.part;
    if (this.#owesUrgent) {
      const sent = this.#socket.sendUrgent(pool.subarray(from + this.#said, from + this.#said + 1));
      if (sent > 0) this.#said += sent;
      this.#sent(sent);
      return;
    }
    if (this.#output === 'speaking' && this.#said < bytes && !this.#sendFailed) {
      const untilUrgent = urgentAt !== null && urgentAt > this.#said ? urgentAt : bytes;
      const size = Math.min(untilUrgent - this.#said, 1 + randomBelow(this.#random, atOnce));
      const sent = this.#socket.send(pool.subarray(from + this.#said, from + this.#said + size));
      if (sent > 0) this.#said += sent;
      this.#sent(sent);
      return;
    }
    this.#finish(other);
  }

  /** What a send brought. */
  #sent(sent: number): void {
    if (sent <= 0 && sent !== -EAGAIN) this.#sendFailed = true;
    this.#silentSteps = sent > 0 ? 0 : this.#silentSteps + 1;
    if (this.part.reads === 'never' && this.#silentSteps > PATIENCE_STEPS) this.#reset();
  }

  #finish(other: Peer): void {
    const { finish } = this.part;
    if (finish === 'reset') return this.#reset();
    if (finish.endsWith('last')) {
      if (this.how === 'open') return;
      if (finish === 'reset last') return this.#reset();
    }
    if (finish === 'arrive, then reset') {
      if (this.#arrives(other)) this.#reset();
      return;
    }
    if (this.#output === 'speaking') {
      this.#socket.end();
      this.#output = 'ended';
      return;
    }
    if (this.#isDone) return;
    if (finish === 'end, arrive, then reset' && !this.#arrives(other)) return;
    if (randomBelow(this.#random, 4) === 0) this.#reset();
  }

  /** Whether there is nothing more to wait for before the reset. */
  #arrives(other: Peer): boolean {
    if (other.#output === 'reset' || this.how === 'reset' || this.#sendFailed) return true;
    this.#hasArrived = this.#socket.unacknowledged === 0;
    this.#silentSteps += 1;
    return this.#hasArrived || this.#silentSteps > PATIENCE_STEPS;
  }

  #hear(other: Peer): void {
    if (this.how !== 'open' || !this.#isReading(other)) return;
    const view = heardBytes.subarray(0, 1 + randomBelow(this.#random, this.part.atOnce));
    const got = this.#socket.receive(view);
    if (got === -EAGAIN) return;
    if (got <= 0) {
      this.how = got === 0 && !this.#sendFailed ? 'end' : 'reset';
      return;
    }
    const { bytes, from } = other.part;
    assert.ok(this.#heard + got <= bytes, 'heard more than was said');
    const said = pool.subarray(from + this.#heard, from + this.#heard + got);
    assert.ok(Buffer.from(view.buffer, 0, got).equals(said), `heard other bytes from ${this.#heard} on`);
    this.#heard += got;
  }

  #isReading(other: Peer): boolean {
    const { reads } = this.part;
    if (reads === 'at once') return true;
    if (reads === 'never') return false;
    if (reads === 'when the other stalls') return other.isStalled;
    return randomBelow(this.#random, reads === 'late' && this.#heard === 0 ? 20 : 2) === 0;
  }

  #reset(): void {
    this.mayGoUnnoticed = this.#socket.isLastUnacknowledged;
    this.#socket.reset();
    this.#output = 'reset';
  }
}
