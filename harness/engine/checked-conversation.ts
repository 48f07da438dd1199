/** A client whose every byte is known and comes back: what is lost, doubled, moved or changed on either way shows. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { randomBelow, seededRandom } from '../../core/runtime/random.ts';
import { dial, mirror, TcpServer, within } from './tcp.ts';

/** No power of two, so that bytes that were moved by a buffer's length are not taken for the right ones. */
const POOL_BYTES = 1_000_003;
const random = seededRandom(7);
const pool = Buffer.from(Uint8Array.from({ length: POOL_BYTES }, () => randomBelow(random, 256)));
/** Twice, so that any stretch of it is one piece. */
const said = Buffer.concat([pool, pool]);

/** A server that sends back what it gets. */
export function startMirror(port = 0): Promise<TcpServer> {
  return TcpServer.start(mirror, port);
}

export class CheckedConversation {
  readonly socket: Socket;
  /** Where in the pool this one starts. */
  readonly #from: number;
  #said = 0;
  #heard = 0;
  /** What went wrong with a byte; null: nothing. */
  #corruption: string | null = null;
  /** `end`, `closed`, or the code of an error; null: it is open. */
  #how: string | null = null;
  #wake = (): void => {};

  private constructor(socket: Socket, seed: number) {
    this.socket = socket;
    this.#from = (seed * 7_919) % POOL_BYTES;
    socket.on('data', (chunk: Buffer) => this.#hear(chunk));
    socket.once('end', () => this.#ended('end'));
    socket.once('error', (error: NodeJS.ErrnoException) => this.#ended(error.code ?? error.message));
    socket.once('close', () => this.#ended('closed'));
  }

  /** Conversations of different seeds say different bytes. */
  static async open(port: number, seed: number): Promise<CheckedConversation> {
    return CheckedConversation.over(await dial(port), seed);
  }

  /** Over a socket on which something else was said before. */
  static over(socket: Socket, seed: number): CheckedConversation {
    return new CheckedConversation(socket, seed);
  }

  get how(): string | null {
    return this.#how;
  }

  get corruption(): string | null {
    return this.#corruption;
  }

  get heard(): number {
    return this.#heard;
  }

  /** Says so many bytes, at most 1,000,000, and waits until they have come back. Rejects when it ends before that. */
  async exchange(bytes: number): Promise<void> {
    this.say(bytes);
    await within('the bytes to come back', this.#allHeard());
  }

  say(bytes: number): void {
    const start = (this.#from + this.#said) % POOL_BYTES;
    this.#said += bytes;
    this.socket.write(said.subarray(start, start + bytes));
  }

  /** Ends in order and waits for the other's end. Rejects when that is anything else. */
  async end(): Promise<void> {
    this.socket.end();
    if (this.#how === null) await within('the end', once(this.socket, 'close'));
    if (this.#how !== 'end' || this.#heard !== this.#said) throw this.#failure();
  }

  async #allHeard(): Promise<void> {
    while (this.#heard < this.#said) {
      if (this.#how !== null || this.#corruption !== null) throw this.#failure();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    if (this.#corruption !== null) throw this.#failure();
  }

  #failure(): Error {
    const { localPort } = this.socket;
    const what = this.#corruption ?? `ended by ${this.#how} after ${this.#heard} of ${this.#said} bytes`;
    return new Error(`conversation ${this.#from} (port ${localPort}): ${what}`);
  }

  #hear(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const start = (this.#from + this.#heard) % POOL_BYTES;
      const length = Math.min(chunk.length - at, POOL_BYTES);
      if (chunk.compare(said, start, start + length, at, at + length) !== 0) {
        this.#corruption ??= `a wrong byte within ${length} from ${this.#heard}`;
      }
      this.#heard += length;
      at += length;
    }
    if (this.#heard > this.#said)
      this.#corruption ??= `${this.#heard - this.#said} bytes more than were said`;
    this.#wake();
  }

  #ended(how: string): void {
    this.#how ??= how;
    this.#wake();
  }
}
