/** A client that writes or reads again and again, connects anew after an error, and waits as long as it is left waiting. */
import { setTimeout as wait } from 'node:timers/promises';
import { DatabaseConnection, type Protocol, Refused } from '../../harness/databases/wire.ts';

/** One command, with the connecting before it where that was needed. Times are those of `performance.now()`. */
export interface Attempt {
  readonly id: number;
  readonly sentAt: number;
  endedAt: number;
  /** The address of the server that was reached; empty while nobody has said. */
  server: string;
  outcome: 'waiting' | 'acknowledged' | 'refused' | 'failed' | 'given up';
  /** In the words of the server or of the kernel. */
  reason: string;
}

export interface ClientKind {
  readonly protocol: Protocol;
  readonly host: string;
  readonly port: number;
  readonly command: (id: number) => string;
  /** A connection for each command. */
  readonly connectsEachTime: boolean;
}

const PAUSE_MS = 25;
const PAUSE_AFTER_FAILURE_MS = 50;
let lastId = 0;

/** The number that the next attempt of any client has. */
export function nextId(): number {
  return lastId + 1;
}

export class Client {
  readonly #kind: ClientKind;
  #attempts: Attempt[] = [];
  #connection: DatabaseConnection | undefined;
  #server = '';
  #reconnects = false;
  #stopped = false;
  readonly #ended: Promise<void>;

  constructor(kind: ClientKind) {
    this.#kind = kind;
    this.#ended = this.#run();
  }

  /** Whether an attempt that began after `since` was acknowledged by this server. */
  reachedSince(since: number, server: string): boolean {
    return this.#attempts.some(
      (each) => each.outcome === 'acknowledged' && each.server === server && each.sentAt > since,
    );
  }

  /** The next command goes over a new connection. */
  reconnect(): void {
    this.#reconnects = true;
  }

  /** Ends an attempt that is still waiting. */
  giveUp(): void {
    const last = this.#attempts.at(-1);
    if (last?.outcome !== 'waiting') return;
    last.outcome = 'given up';
    last.endedAt = performance.now();
    this.#connection?.close();
  }

  /** The attempts from a number on that have ended. It forgets all that have ended. */
  take(from: number): readonly Attempt[] {
    const ended = this.#attempts.filter(({ outcome }) => outcome !== 'waiting');
    this.#attempts = this.#attempts.filter(({ outcome }) => outcome === 'waiting');
    return ended.filter(({ id }) => id >= from);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.giveUp();
    await this.#ended;
    this.#connection?.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const isFine = await this.#attempt();
      await wait(isFine ? PAUSE_MS : PAUSE_AFTER_FAILURE_MS);
    }
  }

  async #attempt(): Promise<boolean> {
    if (this.#reconnects || this.#kind.connectsEachTime) this.#disconnect();
    this.#reconnects = false;
    const attempt: Attempt = {
      id: (lastId += 1),
      sentAt: performance.now(),
      endedAt: Number.NaN,
      server: this.#server,
      outcome: 'waiting',
      reason: '',
    };
    this.#attempts.push(attempt);
    try {
      this.#connection ??= await this.#connect(attempt);
      await this.#connection.query(this.#kind.command(attempt.id));
      end(attempt, 'acknowledged');
      return true;
    } catch (error) {
      end(attempt, error instanceof Refused ? 'refused' : 'failed', (error as Error).message);
      // What a driver does with a connection to a server that takes no writes.
      this.#disconnect();
      return false;
    }
  }

  async #connect(attempt: Attempt): Promise<DatabaseConnection> {
    const { protocol, host, port } = this.#kind;
    const connection = new DatabaseConnection(protocol, host, port);
    this.#connection = connection;
    await connection.ready;
    this.#server = attempt.server = await connection.server();
    return connection;
  }

  #disconnect(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#server = '';
  }
}

function end(attempt: Attempt, outcome: Attempt['outcome'], reason = ''): void {
  if (attempt.outcome !== 'waiting') return;
  attempt.outcome = outcome;
  attempt.endedAt = performance.now();
  attempt.reason = reason;
}
