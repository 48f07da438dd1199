/** The network between two processes: a TCP relay that can be cut, made silent, slowed down, or made to lose answers. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { nowMs } from './monotonic-time.ts';

/**
 * `cut`: what is open is reset, and so is what is opened. `silent`: nothing passes and nobody is told; what was sent
 * meanwhile arrives when it is over. `slow`: everything arrives late, in order. `lossy`: a request to write is lost, or
 * its answer is, in turn; soon after, the connection is.
 */
export type Trouble = 'cut' | 'silent' | 'slow' | 'lossy';

/** Each way. */
const SLOW_MS = 150;
/** After a loss. */
const CUT_AFTER_MS = 150;

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** Nothing comes back any more. */
  isMute: boolean;
}

export class Link {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  /** What is in the bytes of a request to write. */
  readonly #mark: RegExp;
  readonly #pairs = new Set<Pair>();
  /** Accepted while it was silent. */
  readonly #waiting = new Set<Socket>();
  #trouble: Trouble | null = null;
  #losses = 0;

  /** `endpoint` is HOST:PORT. */
  static async start(endpoint: string, mark: RegExp): Promise<Link> {
    const [host = '', port = ''] = endpoint.split(':');
    const link = new Link({ host, port: Number(port) }, mark);
    link.#server.listen(0, '127.0.0.1');
    await once(link.#server, 'listening');
    return link;
  }

  private constructor(target: { readonly host: string; readonly port: number }, mark: RegExp) {
    this.#target = target;
    this.#mark = mark;
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
    const pair = { near, far, isMute: false };
    this.#pairs.add(pair);
    this.#relay(near, far, (bytes) => this.#isLost(pair, bytes));
    this.#relay(far, near, () => pair.isMute);
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
  #relay(from: Socket, to: Socket, isLost: (bytes: Buffer) => boolean): void {
    const late: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
    const deliver = () => {
      while (late[0] !== undefined && late[0].dueMs <= nowMs()) to.write(late.shift()?.bytes ?? '');
      if (late[0] !== undefined) setTimeout(deliver, late[0].dueMs - nowMs());
    };
    from.on('data', (bytes: Buffer) => {
      if (isLost(bytes)) return;
      const isSlow = this.#trouble === 'slow';
      if (late.length === 0 && !isSlow) return void to.write(bytes);
      late.push({ bytes, dueMs: Math.max(late.at(-1)?.dueMs ?? 0, nowMs() + (isSlow ? SLOW_MS : 0)) });
      if (late.length === 1) deliver();
    });
  }

  /** Whether these bytes of a client go no further. */
  #isLost(pair: Pair, bytes: Buffer): boolean {
    if (pair.isMute) return true;
    if (this.#trouble !== 'lossy' || !this.#mark.test(bytes.toString('latin1'))) return false;
    pair.isMute = true;
    setTimeout(() => pair.near.destroy(), CUT_AFTER_MS);
    this.#losses += 1;
    return this.#losses % 2 === 0;
  }
}
