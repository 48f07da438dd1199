/** One connection to a database server, of whichever protocol: one command at a time, and the whole of its answer. */
import { createConnection, type Socket } from 'node:net';

/** What a server answered, and how many bytes of the input that took. */
export interface Answer {
  readonly length: number;
  /** The first column of each row. */
  readonly rows: readonly string[];
  /** Why the server refused the command, in its words. */
  readonly refused?: string;
}

export interface Protocol {
  readonly port: number;
  /** True where the server speaks first. */
  readonly greets: boolean;
  /** What the client says first; what the server said before it is the argument. */
  hello(greeting: Buffer): Buffer;
  encode(command: string): Buffer;
  /** The first whole answer in the input, or undefined while some of it is missing. */
  parse(input: Buffer): Answer | undefined;
  /** A command whose first row names the server that this connection has reached. */
  readonly whoAreYou: string;
  /** From that row to the address of the server. */
  addressOf(row: string): string;
}

/** The server is there and said no. */
export class Refused extends Error {}

export class DatabaseConnection {
  readonly #protocol: Protocol;
  readonly #socket: Socket;
  #input = Buffer.alloc(0);
  #ended: Error | undefined;
  /** Wakes whoever waits for input. */
  #wake: () => void = () => undefined;

  /** Fulfilled when it is logged in. It waits as long as the server lets it wait, unless somebody closes it. */
  readonly ready: Promise<void>;

  constructor(protocol: Protocol, host: string, port = protocol.port) {
    const socket = createConnection({ host, port, noDelay: true });
    this.#protocol = protocol;
    this.#socket = socket;
    const end = (why: string) => {
      this.#ended ??= new Error(why);
      this.#wake();
    };
    socket.on('data', (chunk) => {
      this.#input = Buffer.concat([this.#input, chunk]);
      this.#wake();
    });
    socket.on('error', (error) => end(error.message));
    socket.on('end', () => end('the server ended the connection'));
    socket.on('close', () => end('the connection is closed'));
    this.ready = this.#logIn();
    this.ready.catch(() => undefined);
  }

  static async open(protocol: Protocol, host: string): Promise<DatabaseConnection> {
    const connection = new DatabaseConnection(protocol, host);
    await connection.ready;
    return connection;
  }

  /** Answers the first column of the rows. Rejects with `Refused`, or with another error when the connection has ended. */
  async query(command: string): Promise<readonly string[]> {
    this.#socket.write(this.#protocol.encode(command));
    return this.#answer();
  }

  /** The address of the server that it has reached. */
  async server(): Promise<string> {
    const [row = ''] = await this.query(this.#protocol.whoAreYou);
    return this.#protocol.addressOf(row);
  }

  close(): void {
    this.#socket.destroy();
  }

  async #logIn(): Promise<void> {
    if (this.#protocol.greets) {
      const greeting = await this.#next((input) => {
        const length = input.length < 4 ? Infinity : 4 + input.readUIntLE(0, 3);
        return input.length < length ? undefined : { length, value: input.subarray(4, length) };
      });
      this.#socket.write(this.#protocol.hello(greeting));
      await this.#answer();
      return;
    }
    const hello = this.#protocol.hello(Buffer.alloc(0));
    if (hello.length === 0) return;
    this.#socket.write(hello);
    await this.#answer();
  }

  async #answer(): Promise<readonly string[]> {
    const answer = await this.#next((input) => {
      const found = this.#protocol.parse(input);
      return found && { length: found.length, value: found };
    });
    if (answer.refused !== undefined) throw new Refused(answer.refused);
    return answer.rows;
  }

  async #next<T>(take: (input: Buffer) => { length: number; value: T } | undefined): Promise<T> {
    for (;;) {
      const taken = take(this.#input);
      if (taken !== undefined) {
        this.#input = this.#input.subarray(taken.length);
        return taken.value;
      }
      if (this.#ended !== undefined) throw this.#ended;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
