/**
 * The gRPC server of a control plane: all services, health and reflection on one address, and an orderly stop.
 *
 * Invariants
 *  - descriptors and memory are bounded, whoever connects: of strangers, of those with a token, and of both together;
 *  - a stranger can't keep out those with a token, nor take the descriptors of the HTTP address and the store.
 */
import type { ServerHttp2Session } from 'node:http2';
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
import { descriptorLimit } from '../../core/runtime/lifecycle.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { systemLookup } from '../../core/runtime/name-lookup.ts';
import { MAX_MESSAGE_BYTES } from '../../core/wire/clients.ts';
import { loadDefinitions } from '../../core/wire/definitions.ts';
import { type ConnectionLimits, GrpcConnections } from './connection-limits.ts';
import { tolerant } from './definition-wrappers.ts';
import { HealthService } from './health-service.ts';
import { addReflection } from './reflection.ts';
import { everyCall, type InterceptorOptions } from './interceptor.ts';

/** How long open calls may take to end once the server stops. */
const SHUTDOWN_MS = 3_000;
/** For each connection. Our own clients open a few; more wait in the client. */
const MAX_STREAMS = 128;
const MAX_STREAMS_OF_STRANGER = 2;
/** An idle connection takes about 20 KB, a stream 9 KB, and up to 64 KiB if its client sends what nobody reads. */
const LIMITS: GrpcLimits = { connections: 16_384, strangers: 2_048, calls: 20_000 };

interface GrpcLimits extends ConnectionLimits {
  readonly calls: number;
}

export interface Service {
  readonly definition: object;
  readonly handlers: object;
}

export interface GrpcServerOptions extends Omit<InterceptorOptions, 'onAccepted' | 'maxCalls'> {
  /** For tests. Left out: what this process can have. */
  readonly limits?: GrpcLimits;
}

export class GrpcServer {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #health: HealthService;
  readonly #injector: ConnectionInjector;
  readonly #logger: Logger;
  readonly #listeners: NetServer[] = [];
  readonly #sockets = new Map<string, Socket>();
  readonly #connections: GrpcConnections<Socket>;

  constructor(services: readonly Service[], options: GrpcServerOptions) {
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#health = new HealthService(options.clock);
    const limits = options.limits ?? limitsHere();
    this.#connections = new GrpcConnections<Socket>(limits, (socket) => socket.destroy());
    const onAccepted = (session: ServerHttp2Session) => {
      const socket = this.#sockets.get(nameOf(session.socket));
      if (socket !== undefined && this.#connections.accept(socket))
        session.settings({ maxConcurrentStreams: MAX_STREAMS });
    };
    this.#server = new Server({
      interceptors: [everyCall({ ...options, onAccepted, maxCalls: limits.calls })],
      // A client keeps what is more until it may send it.
      'grpc.max_concurrent_streams': MAX_STREAMS_OF_STRANGER,
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
        try {
          bound = await this.#bind(address, bound ?? port);
        } catch (error) {
          if (!isFamilyOff(error)) throw error;
          failure = error;
        }
      }
      if (bound !== null) return formatHostPort({ host, port: bound });
    } catch (error) {
      failure = error;
    }
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
      listener.listen(port, host, () => {
        listener.off('error', reject);
        // Such as: no descriptor is left for a new connection.
        listener.on('error', (error) => this.#logger.warn({ error: messageOf(error) }, 'gRPC server'));
        resolve((listener.address() as { port: number }).port);
      });
    });
  }

  #take(socket: Socket): void {
    // It has ended already.
    if (socket.remoteAddress === undefined) return void socket.destroy();
    const name = nameOf(socket);
    this.#sockets.set(name, socket);
    socket.once('close', () => {
      // A client may use the same port again before the end of the old connection is noticed.
      if (this.#sockets.get(name) === socket) this.#sockets.delete(name);
      this.#connections.closed(socket);
    });
    this.#injector.injectConnection(socket);
    this.#connections.opened(socket);
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

/** gRPC shows a call's socket in a disguise, with the same ends. */
function nameOf({ remoteAddress, remotePort, localAddress }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress}`;
}

/** Of the addresses of a name, those of one family may not be there on this host. */
function isFamilyOff(error: unknown): boolean {
  return ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** Half of the descriptors stay for the HTTP address, the store and files. */
function limitsHere(): GrpcLimits {
  const connections = Math.min(LIMITS.connections, Math.floor(descriptorLimit() / 2));
  return { ...LIMITS, connections, strangers: Math.min(LIMITS.strangers, Math.floor(connections / 2)) };
}
