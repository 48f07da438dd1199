/** The network between two processes: a TCP relay that can be cut, made silent, or slowed down. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { nowMs } from './now.ts';

/**
 * `cut`: what is open is reset, and so is what is opened. `silent`: nothing passes and nobody is told; what was sent
 * meanwhile arrives when it is over. `slow`: everything arrives late, in order.
 */
export const TROUBLES = ['cut', 'silent', 'slow'] as const;
export type Trouble = (typeof TROUBLES)[number];

/** Each way. */
const SLOW_MS = 150;

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

export class Link {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  /** Accepted while it was silent. */
  readonly #waiting = new Set<Socket>();
  #trouble: Trouble | null = null;

  /** `endpoint` is HOST:PORT. */
  static async start(endpoint: string): Promise<Link> {
    const [host = '', port = ''] = endpoint.split(':');
    const link = new Link({ host, port: Number(port) });
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer({ noDelay: true }, (near) => this.#accept(near));
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Null: all is well again. */
  set(trouble: Trouble | null): void {
    this.#trouble = trouble;
    const isSilent = trouble === 'silent';
    for (const { near, far } of this.#pairs) {
      if (trouble === 'cut') near.destroy();
      for (const socket of [near, far]) {
        if (isSilent) socket.pause();
        else socket.resume();
      }
    }
    for (const near of isSilent ? [] : this.#waiting) this.#accept(near);
  }

  async close(): Promise<void> {
    for (const near of [...this.#waiting, ...[...this.#pairs].map((pair) => pair.near)]) near.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    this.#waiting.delete(near);
    near.on('error', () => near.destroy());
    if (this.#trouble === 'cut' || near.destroyed) return void near.resetAndDestroy();
    if (this.#trouble === 'silent') {
      near.pause();
      this.#waiting.add(near);
      return;
    }
    const far = connect({ ...this.#target, noDelay: true });
    const pair = { near, far };
    this.#pairs.add(pair);
    this.#relay(near, far);
    this.#relay(far, near);
    for (const socket of [near, far]) {
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
    near.resume();
  }

  /** In order, though the delay may change on the way. */
  #relay(from: Socket, to: Socket): void {
    let dueMs = 0;
    from.on('data', (bytes: Buffer) => {
      const arrivedMs = nowMs();
      dueMs = Math.max(dueMs, arrivedMs + (this.#trouble === 'slow' ? SLOW_MS : 0));
      if (dueMs <= arrivedMs) to.write(bytes);
      else setTimeout(() => to.write(bytes), dueMs - arrivedMs);
    });
  }
}
