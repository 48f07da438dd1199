/**
 * One reader of server-sent events.
 *
 * Invariants
 *  - nothing is queued: `ready` is false until the reader has taken what was sent, and senders check it first;
 *  - after the end nothing is written, and `onClose` is called exactly once.
 */
import type { ServerResponse } from 'node:http';

export class EventStream {
  readonly #response: ServerResponse;
  #open = true;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.once('close', () => (this.#open = false));
  }

  /** The reader has taken everything; false also once it is gone. */
  get ready(): boolean {
    return this.#open && !this.#response.writableNeedDrain;
  }

  /** `data` is one line, such as JSON. */
  send(event: string, data: string): void {
    if (this.#open) this.#response.write(`event: ${event}\ndata: ${data}\n\n`);
  }

  /** A sign of life that is not an event. */
  beat(): void {
    if (this.#open) this.#response.write(':\n\n');
  }

  onClose(action: () => void): void {
    if (this.#open) this.#response.once('close', action);
    else action();
  }

  /** A reader that has not taken everything is cut off: waiting for it could take for ever. */
  end(): void {
    if (!this.#open) return;
    this.#open = false;
    if (this.#response.writableNeedDrain) this.#response.destroy();
    else this.#response.end();
  }
}
