/**
 * The gRPC server of a control plane: all services, health and reflection on one address, and an orderly stop.
 *
 * Invariants
 *  - descriptors and memory are bounded, whoever connects: of strangers, of those with a token, and of both together;
 *  - a stranger can't keep out those with a token, nor take the descriptors of the HTTP address and the store.
 */
import { readFileSync } from 'node:fs';
import { createServer, type Server as NetServer, type Socket } from 'node:net';
import {
  type ConnectionInjector,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { type Clock, sleep } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { formatHostPort, type HostPort } from '../../core/runtime/flags.ts';
import { systemLookup } from '../../core/runtime/name-lookup.ts';
import { MAX_MESSAGE_BYTES } from '../../core/wire/clients.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';
import { type ConnectionLimits, GrpcConnections } from './connection-limits.ts';
import { tolerant } from './definition-wrappers.ts';
import { HealthService } from './health-service.ts';
import { addReflection } from './reflection.ts';
import { connectionName, everyCall, type InterceptorOptions } from './interceptor.ts';

/** How long open calls may take to end once the server stops. */
const SHUTDOWN_MS = 3_000;
/** For each connection. Our own clients open a few. */
const MAX_STREAMS_PER_CONNECTION = 128;
/** An idle connection takes about 20 KB, a stream 9 KB, and up to 64 KiB if its client sends what nobody reads. */
const LIMITS: ConnectionLimits = {
  connections: 16_384,
  strangers: 2_048,
  streamsOfStranger: 4,
  streams: 20_000,
};

export interface Service {
  readonly definition: object;
  readonly handlers: object;
}

export interface GrpcServerOptions extends Omit<InterceptorOptions, 'connections'> {
  /** For tests. Left out: what this process can have. */
  readonly limits?: ConnectionLimits;
}

export class GrpcServer {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #health: HealthService;
  readonly #injector: ConnectionInjector;
  readonly #listeners: NetServer[] = [];
  readonly #sockets = new Map<string, Socket>();
  readonly #connections: GrpcConnections<string>;

  constructor(services: readonly Service[], options: GrpcServerOptions) {
    this.#clock = options.clock;
    this.#health = new HealthService(options.clock);
    const connections = new GrpcConnections<string>(options.limits ?? limitsHere(), (name) =>
      this.#sockets.get(name)?.destroy(),
    );
    this.#connections = connections;
    this.#server = new Server({
      interceptors: [everyCall({ ...options, connections })],
      'grpc.max_concurrent_streams': MAX_STREAMS_PER_CONNECTION,
      'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
      // Without keep-alive the stream of a proxy whose host vanished would stay open for ever.
      'grpc.keepalive_time_ms': 20_000,
      'grpc.keepalive_timeout_ms': 10_000,
    });
    const { health } = loadDefinitions();
    for (const { definition, handlers } of [
      ...services,
      { definition: health, handlers: this.#health.handlers },
    ]) {
      this.#server.addService(
        tolerant(definition) as ServiceDefinition,
        handlers as UntypedServiceImplementation,
      );
    }
    addReflection(this.#server);
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  /** Returns the address with the actual port. Rejects when it can't be bound. A name stands for all of its addresses. */
  async listen({ host, port }: HostPort): Promise<string> {
    let bound: number | null = null;
    let failure: unknown = null;
    try {
      for (const address of await systemLookup(host)) {
        bound = await this.#bind(address, bound ?? port).catch((error: unknown) => {
          failure = error;
          return bound;
        });
      }
    } catch (error) {
      failure = error;
    }
    // Of a name, one family may be switched off on this host.
    if (bound !== null) return formatHostPort({ host, port: bound });
    const text = formatHostPort({ host, port });
    const message = `the gRPC address ${text} can't be bound: ${messageOf(failure)}; choose another one with --grpc-address`;
    throw new LbError('FAILED_PRECONDITION', message, [], failure);
  }

  /** The port. */
  #bind(host: string, port: number): Promise<number> {
    const listener = createServer({ noDelay: true }, (socket) => this.#take(socket));
    this.#listeners.push(listener);
    return new Promise((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(port, host, () => resolve((listener.address() as { port: number }).port));
    });
  }

  #take(socket: Socket): void {
    const name = connectionName(socket);
    if (name === null) return void socket.destroy();
    this.#sockets.set(name, socket);
    socket.once('close', () => {
      this.#sockets.delete(name);
      this.#connections.closed(name);
    });
    this.#injector.injectConnection(socket);
    this.#connections.opened(name);
  }

  /** What is kept now: connections, and watches of the health service. */
  get kept(): { readonly connections: number; readonly watches: number } {
    return { connections: this.#connections.size, watches: this.#health.watches };
  }

  /** Sets the answer of the health service. */
  setServing(serving: boolean): void {
    this.#health.setServing(serving);
  }

  /** Refuses new calls, lets open ones end, and cuts whatever is left after SHUTDOWN_MS. */
  async stop(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    this.#health.endWatches(new LbError('UNAVAILABLE', 'the control plane is stopping'));
    const ended = new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => resolve());
    });
    await Promise.race([ended, sleep(this.#clock, SHUTDOWN_MS)]);
    this.#server.forceShutdown();
  }
}

/** Half of the descriptors stay for the HTTP address, the store and files. */
function limitsHere(): ConnectionLimits {
  let limits = '';
  try {
    limits = readFileSync('/proc/self/limits', 'utf8');
  } catch {
    // Not Linux: a developer's machine.
  }
  const descriptors = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  const connections = Math.min(LIMITS.connections, Math.floor(descriptors / 2));
  return { ...LIMITS, connections, strangers: Math.min(LIMITS.strangers, Math.floor(connections / 2)) };
}
