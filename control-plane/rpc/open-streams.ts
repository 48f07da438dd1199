/** What long-lived streams have in common: a first message in time, an end with a status, and the end of all of them. */
import type { EventEmitter } from 'node:events';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { toGrpcStatus } from '../../core/wire/status.ts';

/** A client sends its first message at once; one that has sent nothing for this long is not one of ours. */
const FIRST_MESSAGE_TIMEOUT_MS = 10_000;

/** Ends the stream of a client that sends nothing. Cancel the timer on the first message and at the stream's end. */
export function awaitFirstMessage(clock: Clock, what: string, end: (reason: LbError) => void): Timer {
  return clock.after(FIRST_MESSAGE_TIMEOUT_MS, () => {
    const message = `no message came within ${FIRST_MESSAGE_TIMEOUT_MS / 1_000} s; the first message must hold ${what} and be sent at once`;
    end(new LbError('INVALID_ARGUMENT', message));
  });
}

/** Ends a server's side of a stream with a status. Messages written before still go out if the client reads them. */
export function endStream(call: EventEmitter, error: LbError): void {
  call.emit('error', toGrpcStatus(error));
}

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
