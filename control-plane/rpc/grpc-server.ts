/** The gRPC server of a control plane: all services, health and reflection on one address, and an orderly stop. */
import { ReflectionService } from '@grpc/reflection';
import {
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';
import { type Clock, sleep } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { formatHostPort, type HostPort } from '../../core/runtime/flags.ts';
import { MAX_MESSAGE_BYTES } from '../../core/wire/clients.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';
import { tolerant } from './definition-wrappers.ts';
import { everyCall, type InterceptorOptions } from './interceptor.ts';

/** How long open calls may take to end once the server stops. */
const SHUTDOWN_MS = 3_000;

export interface Service {
  readonly definition: object;
  readonly handlers: object;
}

export class GrpcServer {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #health = new HealthImplementation({ '': 'NOT_SERVING' });

  constructor(services: readonly Service[], options: InterceptorOptions) {
    this.#clock = options.clock;
    this.#server = new Server({
      interceptors: [everyCall(options)],
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      // Without keep-alive the stream of a proxy whose host vanished would stay open for ever.
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 10_000,
    });
    for (const { definition, handlers } of services) {
      this.#server.addService(
        tolerant(definition) as ServiceDefinition,
        handlers as UntypedServiceImplementation,
      );
    }
    this.#health.addToServer(this.#server);
    new ReflectionService(loadDefinitions().packageDefinition).addToServer(this.#server);
  }

  /** Returns the address with the actual port. Rejects when it can't be bound. */
  listen(address: HostPort): Promise<string> {
    const text = formatHostPort(address);
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(text, ServerCredentials.createInsecure(), (error, port) => {
        if (!error) return resolve(formatHostPort({ host: address.host, port }));
        const message = `the gRPC address ${text} can't be bound: ${messageOf(error)}; choose another one with --grpc-address`;
        reject(new LbError('FAILED_PRECONDITION', message, [], error));
      });
    });
  }

  /** Sets the answer of the health service. */
  setServing(serving: boolean): void {
    this.#health.setStatus('', serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** Refuses new calls, lets open ones end, and cuts whatever is left after SHUTDOWN_MS. */
  async stop(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    await Promise.race([ended, sleep(this.#clock, SHUTDOWN_MS)]);
    this.#server.forceShutdown();
  }
}
