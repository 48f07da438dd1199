/** A server stream as a list of messages that are waited for. */
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import type { LbError } from '../../core/runtime/errors.ts';
import { fromGrpcError } from '../../core/wire/status.ts';
import { eventually } from '../programs/processes.ts';

export class ServerStream<Response> {
  readonly #messages: Response[] = [];
  #taken = 0;
  #ended: LbError | 'in order' | null = null;

  constructor(call: ClientReadableStream<Response>) {
    call.on('data', (message: Response) => this.#messages.push(message));
    call.on('error', (error: ServiceError) => {
      this.#ended = fromGrpcError(error);
    });
    call.on('end', () => {
      this.#ended ??= 'in order';
    });
  }

  /** How many wait to be taken. */
  get waiting(): number {
    return this.#messages.length - this.#taken;
  }

  /** The next message; fails at once when the stream has ended without one. */
  async next(): Promise<Response> {
    await eventually(async () => this.waiting > 0 || this.#ended !== null || undefined, 'a message');
    const message = this.#messages[this.#taken];
    if (message === undefined) throw new Error(`the stream ended: ${describe(this.#ended)}`);
    this.#taken += 1;
    return message;
  }

  /** How it ended: 'in order', or the error. */
  end(): Promise<LbError | 'in order'> {
    return eventually(async () => this.#ended ?? undefined, 'the end of the stream');
  }

  /** The error that it ended with. */
  async error(): Promise<LbError> {
    const ended = await this.end();
    if (ended === 'in order') throw new Error('the stream ended in order');
    return ended;
  }
}

function describe(ended: LbError | 'in order' | null): string {
  return ended === 'in order' || ended === null ? 'in order' : `${ended.code} ${ended.message}`;
}
