/**
 * Accepts for one listener, on a descriptor that the main thread lent or on an address of its own.
 *
 * Invariant: the lent descriptor is never closed here. libuv closes what it listens on, so it gets a duplicate, and
 * while that one is closed clients wait in the kernel's backlog of the original.
 */
import { createServer, type Server, type Socket } from 'node:net';
import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../../../core/runtime/errors.ts';
import type { ListenOn } from '../engine.ts';
import { errnoName } from '../../kernel/errno.ts';
import type { Libc } from '../../kernel/libc.ts';
import { BACKLOG } from '../../kernel/socket-settings.ts';

/** What an acceptor tells. */
export interface AcceptorEvents {
  accepted(client: Socket): void;
  onFault(where: string, error: unknown): void;
}

export class Acceptor {
  readonly #on: ListenOn;
  readonly #libc: Libc | null;
  readonly #events: AcceptorEvents;
  #server: Server | null = null;
  #starting: ((failure: string | null) => void) | null = null;

  constructor(on: ListenOn, libc: Libc | null, events: AcceptorEvents) {
    this.#on = on;
    this.#libc = libc;
    this.#events = events;
  }

  isOn(on: ListenOn): boolean {
    return isDeepStrictEqual(this.#on, on);
  }

  /** Accepts, or goes on with it. `done` gets null, or why it failed. Does nothing while it accepts already. */
  start(done: (failure: string | null) => void): void {
    if (this.#server) return;
    const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (client) => {
      this.#events.accepted(client);
    });
    this.#server = server;
    this.#starting = done;
    server.once('listening', () => this.#started(server, null));
    server.on('error', (error) => {
      if (this.#server === server && this.#starting) this.#started(server, messageOf(error));
      else this.#events.onFault('accepting', error);
    });
    try {
      this.#listen(server);
    } catch (error) {
      this.#started(server, messageOf(error));
    }
  }

  /** Stops accepting. Behind an address of its own, that refuses clients. */
  stop(): void {
    this.#server?.close();
    if (this.#server) this.#started(this.#server, 'stopped before it listened');
    this.#server = null;
  }

  #started(server: Server, failure: string | null): void {
    if (this.#server !== server) return;
    const done = this.#starting;
    this.#starting = null;
    if (failure !== null) this.#server = null;
    done?.(failure);
  }

  #listen(server: Server): void {
    if (this.#on.type === 'address') {
      server.listen({ host: this.#on.host, port: this.#on.port, backlog: BACKLOG });
      return;
    }
    if (!this.#libc) throw new Error('a descriptor can be used only where the C library loads');
    const fd = this.#libc.duplicate(this.#on.fd);
    if (fd < 0) throw new Error(`cannot duplicate descriptor ${this.#on.fd}: ${errnoName(-fd)}`);
    // The backlog is an argument of its own here: listen({ fd, backlog }) ignores it and takes 511.
    server.listen({ fd }, BACKLOG);
  }
}
