/** What clients of a configuration do at its address: they ask who serves them, and see how their connections end. */
import { connect, type Socket } from 'node:net';
import { eventually } from '../programs/processes.ts';
import { within } from '../engine/tcp.ts';

/** How a client sees a connection that no server gets. */
export const CLOSED = 'closed';

/** Connections at once, where shares are counted. */
const AT_ONCE = 20;

export class Front {
  readonly host: string;
  readonly port: number;

  constructor(host: string, port: number) {
    this.host = host;
    this.port = port;
  }

  /** A connection that stays open, and who serves it. */
  async open(source?: string): Promise<Client> {
    const client = this.dial(source);
    await within(`an answer at ${this.host}:${this.port}`, client.ask());
    return client;
  }

  /** Who serves a new connection; `closed` when it ends without a byte. */
  async visit(source?: string): Promise<string> {
    const client = this.dial(source);
    const name = await within(`an answer at ${this.host}:${this.port}`, client.ask());
    client.close();
    return name;
  }

  /** Who serves this many new connections, each name once, sorted. */
  async visitors(count: number): Promise<readonly string[]> {
    return Object.keys(await this.shares(count)).sort();
  }

  /** The share of each server in so many new connections. */
  async shares(count: number): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    let left = count;
    const visitOften = async () => {
      for (; left > 0; ) {
        left -= 1;
        const name = await this.visit();
        counts[name] = (counts[name] ?? 0) + 1 / count;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, visitOften));
    return counts;
  }

  /** Waits until so many new connections in a row are served by these, each of them at least once, and by nobody else. */
  async servedBy(names: readonly string[], connections = 20): Promise<void> {
    const wanted = [...names].sort().join();
    let last = '';
    const look = async () => (last = (await this.visitors(connections)).join()) === wanted;
    await eventually(look, `served by ${wanted}`).catch((error: unknown) => {
      throw new Error(`served by ${last} instead of ${wanted}`, { cause: error });
    });
  }

  /** A connection that says nothing yet. */
  dial(source?: string): Client {
    const from = source === undefined ? {} : { localAddress: source };
    return new Client(connect({ host: this.host, port: this.port, ...from }));
  }
}

export class Client {
  /** Who served it first. */
  name = '';
  /** The client has seen the end of its connection. */
  isEnded = false;
  readonly ended: Promise<void>;
  readonly #socket: Socket;
  #text = '';

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => (this.#text += chunk.toString()));
    this.ended = new Promise((resolve) => {
      socket.once('close', () => {
        this.isEnded = true;
        resolve();
      });
    });
  }

  /** Asks who serves it. */
  ask(): Promise<string> {
    this.#text = '';
    this.#socket.write('who\n');
    return new Promise((resolve) => {
      const look = () => {
        if (!this.#text.endsWith('\n') && !this.isEnded) return;
        this.#socket.off('data', look);
        const name = this.#text === '' ? CLOSED : this.#text.trimEnd();
        if (this.name === '') this.name = name;
        resolve(name);
      };
      this.#socket.on('data', look);
      void this.ended.then(look);
    });
  }

  /** One byte that nobody answers. */
  sayNothingMuch(): void {
    this.#socket.write('.');
  }

  close(): void {
    this.#socket.destroy();
  }
}
