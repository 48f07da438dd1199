/** A server that plays the same moves to every client, over TCP or over TLS, and remembers how each client ended. */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** Waits until the client has said something more. */
export const HEAR = Symbol('hear');
/** Waits until what was said has left. */
export const PAUSE = Symbol('pause');
export const END = Symbol('end');
/** The end of TCP alone, also below TLS. */
export const CUT = Symbol('cut');
export const RESET = Symbol('reset');
/** Text to say, a text to say again and again for as long as the client takes it, or something to do. */
export type Move =
  | string
  | { readonly forever: string }
  | (() => void)
  | typeof HEAR
  | typeof PAUSE
  | typeof END
  | typeof CUT
  | typeof RESET;

export interface Certificate {
  readonly key: Buffer;
  readonly cert: Buffer;
}

export class PlayingServer {
  /** Where each client came from, what it said, and how its end was seen. */
  readonly clients: { from: string; heard: string; how: string }[] = [];
  readonly #server = createServer({ allowHalfOpen: true });
  readonly #open = new Set<Socket>();
  #port = 0;

  static async start(moves: readonly Move[], certificate?: Certificate): Promise<PlayingServer> {
    const started = new PlayingServer();
    started.#server.on('connection', (raw) => {
      started.#open.add(raw);
      raw.on('error', () => {});
      raw.on('close', () => started.#open.delete(raw));
      raw.setNoDelay();
      const socket = certificate ? new TLSSocket(raw, { isServer: true, ...certificate }) : raw;
      void started.#play(moves, socket, raw);
    });
    started.#server.listen(0, '127.0.0.1');
    await once(started.#server, 'listening');
    started.#port = (started.#server.address() as AddressInfo).port;
    return started;
  }

  get target(): { host: string; port: number } {
    return { host: '127.0.0.1', port: this.#port };
  }

  /** Connections that are not closed on both sides. */
  get open(): number {
    return this.#open.size;
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#open) socket.destroy();
  }

  async #play(moves: readonly Move[], socket: Socket, raw: Socket): Promise<void> {
    const client = { from: raw.remoteAddress ?? '', heard: '', how: '' };
    this.clients.push(client);
    let news = () => {};
    let isNews = false;
    socket.on('data', (chunk: Buffer) => {
      client.heard += chunk.toString('latin1');
      isNews = true;
      news();
    });
    const ended = (how: string) => {
      client.how ||= how;
      news();
    };
    socket.on('end', () => ended('end'));
    socket.on('error', (error: NodeJS.ErrnoException) => ended(error.code ?? error.message));
    socket.on('close', () => ended('closed'));
    for (const move of moves) {
      if (socket.destroyed) return;
      if (typeof move === 'string') socket.write(move, 'latin1');
      else if (typeof move === 'function') move();
      else if (typeof move === 'object') await repeat(move.forever, socket);
      else if (move === PAUSE) await new Promise((resolve) => socket.write('', () => setImmediate(resolve)));
      else if (move === END) socket.end();
      else if (move === CUT) raw.destroySoon();
      else if (move === RESET) raw.resetAndDestroy();
      else if (!isNews && client.how === '') await new Promise<void>((resolve) => (news = resolve));
      if (move === HEAR) isNews = false;
    }
  }
}

async function repeat(text: string, socket: Socket): Promise<void> {
  const chunk = text.repeat(Math.ceil(16_384 / text.length));
  while (!socket.destroyed) {
    await new Promise<void>((resolve) => {
      socket.once('close', resolve);
      socket.write(chunk, 'latin1', () => setImmediate(resolve));
    });
  }
}
