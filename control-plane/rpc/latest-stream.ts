/**
 * A server stream that sends the newest state of something and never queues.
 *
 * Invariants
 *  - one message at a time is in the transport; `next` is asked again when the client has taken it;
 *  - a client that reads nothing for TAKE_TIMEOUT_MS loses its stream, with an error that says so;
 *  - `next` is never called after the stream has ended.
 */
import type { ServerWritableStream } from '@grpc/grpc-js';
import { afterReading, type Clock, type Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { OpenStream, type OpenStreams } from './open-streams.ts';

const TAKE_TIMEOUT_MS = 30_000;

/** A message, or null when there is nothing new. `last`: the stream ends after it. */
export type NextMessage<Response> = { readonly message: Response; readonly last?: boolean } | null;

export class LatestStream<Request, Response> extends OpenStream {
  readonly #call: ServerWritableStream<Request, Response>;
  readonly #clock: Clock;
  #next: () => NextMessage<Response> = () => null;
  #busy = false;
  #timer: Timer | null = null;

  constructor(call: ServerWritableStream<Request, Response>, streams: OpenStreams, clock: Clock) {
    super(call, streams);
    this.#call = call;
    this.#clock = clock;
    this.onClose(() => this.#timer?.cancel());
  }

  /** Sets where messages come from: `next` is called now and after every `changed`. */
  send(next: () => NextMessage<Response>): void {
    this.#next = next;
    this.changed();
  }

  /** There may be something new to send. */
  changed(): void {
    if (this.closed || this.#busy) return;
    const found = this.#next();
    if (found === null) return;
    this.#busy = true;
    this.#timer = afterReading(this.#clock, TAKE_TIMEOUT_MS, () => {
      const message = `the client read nothing from this stream for ${TAKE_TIMEOUT_MS / 1_000} s; open it again and keep reading`;
      this.end(new LbError('RESOURCE_EXHAUSTED', message));
    });
    this.#call.write(found.message, () => {
      this.#timer?.cancel();
      this.#busy = false;
      if (!found.last) this.changed();
    });
    if (found.last) this.end();
  }
}
