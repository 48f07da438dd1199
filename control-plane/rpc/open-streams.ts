/** How long-lived streams end: in words, and all of them when this replica stops. */
import type { EventEmitter } from 'node:events';
import type { LbError } from '../../core/runtime/errors.ts';
import { toGrpcStatus } from '../../core/wire/status.ts';

/** Ends a server's side of a stream with a status. What was written before still goes out, if the peer takes it. */
export function endStream(call: EventEmitter, error: LbError): void {
  call.emit('error', toGrpcStatus(error));
}

/** Every open long-lived stream of this replica. */
export class OpenStreams {
  readonly #ends = new Set<(reason: LbError) => void>();

  /** Registers a stream by what ends it. Returns what takes it off again. */
  add(end: (reason: LbError) => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  endAll(reason: LbError): void {
    for (const end of this.#ends) end(reason);
    this.#ends.clear();
  }
}
