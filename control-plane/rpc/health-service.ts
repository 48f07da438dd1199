/**
 * The standard health service, which needs no token. It knows one service, the whole replica, whose name is empty.
 *
 * Invariants
 *  - nothing of a call outlives it, whatever service it names and however it ends.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { HealthCheckResponse } from '../../core/wire/generated/grpc/health/v1/HealthCheckResponse.ts';
import type { HealthHandlers } from '../../core/wire/generated/grpc/health/v1/Health.ts';
import { toGrpcStatus } from '../../core/wire/status.ts';
import { LatestStream } from './latest-stream.ts';
import { OpenStreams } from './open-streams.ts';

type Status = NonNullable<HealthCheckResponse['status']>;

export class HealthService {
  readonly #clock: Clock;
  readonly #streams = new OpenStreams();
  readonly #watches = new Set<() => void>();
  #status: Status = 'NOT_SERVING';

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setServing(serving: boolean): void {
    this.#status = serving ? 'SERVING' : 'NOT_SERVING';
    for (const changed of this.#watches) changed();
  }

  /** Open calls of Watch. */
  get watches(): number {
    return this.#watches.size;
  }

  endWatches(reason: LbError): void {
    this.#streams.endAll(reason);
  }

  readonly handlers: HealthHandlers = {
    Check: ({ request }, callback) => {
      if (request.service === '') return callback(null, { status: this.#status });
      const message = 'this server reports its health as a whole; leave the name of the service empty';
      callback(toGrpcStatus(new LbError('NOT_FOUND', message)));
    },
    List: (_call, callback) => callback(null, { statuses: { '': { status: this.#status } } }),
    Watch: (call) => {
      const isKnown = call.request.service === '';
      let sent: Status | null = null;
      const stream = new LatestStream(call, this.#streams, this.#clock);
      const next = () => {
        const status = isKnown ? this.#status : 'SERVICE_UNKNOWN';
        if (status === sent) return null;
        sent = status;
        return { message: { status } };
      };
      const changed = () => stream.changed();
      this.#watches.add(changed);
      stream.onClose(() => this.#watches.delete(changed));
      stream.send(next);
    },
  };
}
