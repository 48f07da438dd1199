/** What long-lived streams have in common: their end with a status, what is undone then, and the end of all of them. */
import type { EventEmitter } from 'node:events';
import { afterReading, type Clock, type Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { toGrpcStatus } from '../../core/wire/status.ts';

/** A client sends its first message at once; one that has sent nothing for this long is not one of ours. */
const FIRST_MESSAGE_TIMEOUT_MS = 10_000;

/** Every open long-lived stream of this replica. */
export class OpenStreams {
  readonly #ends = new Set<(reason: LbError) => void>();

  /** Registers a stream by the function that ends it. Returns a function that removes it. */
  add(end: (reason: LbError) => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  endAll(reason: LbError): void {
    for (const end of this.#ends) end(reason);
    this.#ends.clear();
  }
}

/** The server's side of a stream, until it ends. */
type ServerCall = EventEmitter & { end(): void };

export class OpenStream {
  readonly #call: ServerCall;
  readonly #onClose: (() => void)[] = [];
  #closed = false;

  constructor(call: ServerCall, streams: OpenStreams) {
    this.#call = call;
    this.onClose(streams.add((reason) => this.end(reason)));
    call.on('cancelled', () => this.close());
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Runs `action` when the stream closes, or now if it has closed already. */
  onClose(action: () => void): void {
    if (this.#closed) action();
    else this.#onClose.push(action);
  }

  /** Ends a client's stream that sends no first message in time. The first message must cancel the timer. */
  awaitFirstMessage(clock: Clock, what: string): Timer {
    const timer = afterReading(clock, FIRST_MESSAGE_TIMEOUT_MS, () => {
      const message = `no message came within ${FIRST_MESSAGE_TIMEOUT_MS / 1_000} s; the first message must hold ${what} and be sent at once`;
      this.end(new LbError('INVALID_ARGUMENT', message));
    });
    this.onClose(() => timer.cancel());
    return timer;
  }

  /** Ends the stream: with a status, or in order. Messages written before still go out if the client reads them. */
  end(reason: LbError | null = null): void {
    if (this.#closed) return;
    this.close();
    if (reason === null) this.#call.end();
    else this.#call.emit('error', toGrpcStatus(reason));
  }

  /** The stream is gone, or is about to end. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const action of this.#onClose) action();
  }
}
