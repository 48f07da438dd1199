/** TCP clients of the fleet's listener, short and long, that check every byte and note how each connection went. */
import type { Socket } from 'node:net';
import { messageOf } from '../../core/runtime/errors.ts';
import { CheckedConversation } from '../../harness/engine/checked-conversation.ts';
import { dial, pause, within } from '../../harness/engine/tcp.ts';
import { nowMs } from './monotonic-time.ts';

export interface ConnectionRecord {
  readonly kind: 'short' | 'long';
  readonly openedMs: number;
  readonly endedMs: number;
  readonly localPort: number;
  /** As the backend said: its own address, and that of the proxy. Null: it said nothing. */
  readonly backend: string | null;
  readonly source: string | null;
  readonly bytes: number;
  /** How it failed; null: it did not. */
  readonly failure: string | null;
  /** A byte was wrong. */
  readonly corrupted: boolean;
}

const SHORT_CLIENTS = 4;
const LONG_CLIENTS = 6;

export class Clients {
  readonly records: ConnectionRecord[] = [];
  readonly #port: number;
  readonly #loops: readonly Promise<void>[];
  #isStopping = false;

  /** `listener` is HOST:PORT. */
  constructor(listener: string) {
    this.#port = Number(listener.split(':').at(-1));
    const loops = (kind: ConnectionRecord['kind'], count: number) =>
      Array.from({ length: count }, (_, client) => this.#loop(kind, client));
    this.#loops = [...loops('short', SHORT_CLIENTS), ...loops('long', LONG_CLIENTS)];
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#loops);
  }

  async #loop(kind: ConnectionRecord['kind'], client: number): Promise<void> {
    for (let round = client; !this.#isStopping; round += 10) {
      await this.#visit(kind, round);
      await pause(20);
    }
  }

  async #visit(kind: ConnectionRecord['kind'], round: number): Promise<void> {
    const openedMs = nowMs();
    let socket: Socket | undefined;
    let conversation: CheckedConversation | undefined;
    let greeting: readonly string[] = [];
    let failure: string | null = null;
    let localPort = 0;
    try {
      socket = await dial(this.#port);
      localPort = socket.localPort ?? 0;
      greeting = (await within('the greeting', greetingOf(socket))).split(' ');
      conversation = CheckedConversation.over(socket, round);
      socket.resume();
      await this.#talk(kind, conversation, round);
    } catch (error) {
      failure = messageOf(error);
    }
    this.records.push({
      kind,
      openedMs,
      endedMs: nowMs(),
      localPort,
      backend: greeting[0] ?? null,
      source: greeting[1] ?? null,
      bytes: conversation?.heard ?? 0,
      failure,
      corrupted: conversation?.corruption !== null && conversation !== undefined,
    });
    socket?.destroy();
  }

  async #talk(
    kind: ConnectionRecord['kind'],
    conversation: CheckedConversation,
    round: number,
  ): Promise<void> {
    await conversation.exchange(1 + ((round * 997) % 20_000));
    while (kind === 'long' && !this.#isStopping) {
      await pause(50);
      await conversation.exchange(1 + ((round * 31) % 3_000));
    }
    await conversation.end();
  }
}

/** The first line of a socket, which is paused then; what follows stays in it. */
function greetingOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = Buffer.alloc(0);
    const lost = () => reject(new Error('ended before it was greeted'));
    const hear = (chunk: Buffer) => {
      heard = Buffer.concat([heard, chunk]);
      const end = heard.indexOf('\n');
      if (end === -1) return;
      socket.pause().off('data', hear).off('end', lost).off('close', lost);
      if (end + 1 < heard.length) socket.unshift(heard.subarray(end + 1));
      resolve(heard.subarray(0, end).toString());
    };
    socket.on('data', hear).once('end', lost).once('close', lost);
  });
}
