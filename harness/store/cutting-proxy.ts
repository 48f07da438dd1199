/**
 * A TCP proxy that a test can turn against a conversation: swallow answers, swallow a request, cut connections, hold up
 * or delay everything. It looks for a marker in the bytes from the client, so that the trouble comes at one chosen request.
 */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** `no-answer`: the request goes through and no byte comes back any more. `no-request`: not even the request goes through. */
export type Trouble = 'no-answer' | 'no-request';

export class CuttingProxy {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly client: Socket; readonly target: Socket; silent: boolean }>();
  #marker: Buffer | undefined;
  #held = false;
  #delayMs = 0;
  #trouble: Trouble = 'no-answer';
  #struck: (() => void) | undefined;

  /** `endpoint` is HOST:PORT. */
  static async start(endpoint: string): Promise<CuttingProxy> {
    const [host = '', port = ''] = endpoint.split(':');
    const proxy = new CuttingProxy({ host, port: Number(port) });
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = createServer((client) => this.#relay(client));
  }

  get endpoint(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From the first request on that contains `marker`, on its connection. Resolves when it has come. */
  strike(marker: string, trouble: Trouble): Promise<void> {
    this.#marker = Buffer.from(marker);
    this.#trouble = trouble;
    return new Promise((resolve) => {
      this.#struck = resolve;
    });
  }

  /** Cuts all connections; new ones work. */
  cut(): void {
    for (const { client, target } of this.#pairs) {
      client.destroy();
      target.destroy();
    }
  }

  /** As a network that loses everything: connections stand, new ones too, and no byte arrives until it is over. */
  hold(held: boolean): void {
    this.#held = held;
    for (const { client, target } of this.#pairs) {
      for (const socket of [client, target]) {
        if (held) socket.pause();
        else socket.resume();
      }
    }
  }

  /** Every byte from now on, in each direction. */
  delay(delayMs: number): void {
    this.#delayMs = delayMs;
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #relay(client: Socket): void {
    const pair = { client, target: connect(this.#target), silent: false };
    const { target } = pair;
    this.#pairs.add(pair);
    client.on('data', (bytes: Buffer) => {
      if (this.#isMarked(bytes)) {
        pair.silent = true;
        this.#marker = undefined;
        if (this.#trouble === 'no-answer') target.write(bytes);
        this.#struck?.();
      } else if (!pair.silent) this.#pass(bytes, target);
    });
    target.on('data', (bytes: Buffer) => {
      if (!pair.silent) this.#pass(bytes, client);
    });
    if (this.#held) for (const socket of [client, target]) socket.pause();
    const end = () => {
      client.destroy();
      target.destroy();
      this.#pairs.delete(pair);
    };
    for (const socket of [client, target]) socket.setNoDelay(true).on('error', end).on('close', end);
  }

  /** In order: timers of one length fire as they were made. */
  #pass(bytes: Buffer, to: Socket): void {
    if (this.#delayMs === 0) to.write(bytes);
    else setTimeout(() => to.write(bytes), this.#delayMs);
  }

  #isMarked(bytes: Buffer): boolean {
    return this.#marker !== undefined && bytes.includes(this.#marker);
  }
}
