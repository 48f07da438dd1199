/** Typed clients of one control-plane replica, over one connection. */
import { isIPv4, isIPv6 } from 'node:net';
import {
  Channel,
  type ChannelOptions,
  type Client,
  type ClientUnaryCall,
  credentials,
  InterceptingCall,
  type Interceptor,
  makeClientConstructor,
  type Metadata,
  type requestCallback,
  Metadata as RequestMetadata,
  type ServiceDefinition,
  setLogger,
} from '@grpc/grpc-js';
import { systemClock } from '../runtime/clock.ts';
import type { SentToken } from '../runtime/token-file.ts';
import { loadDefinitions } from './definitions.ts';
import type { ConfigServiceClient } from './generated/lb/v1/ConfigService.ts';
import type { DiscoveryServiceClient } from './generated/lb/v1/DiscoveryService.ts';
import type { FleetServiceClient } from './generated/lb/v1/FleetService.ts';
import type { ListenerServiceClient } from './generated/lb/v1/ListenerService.ts';
import type { PolicyServiceClient } from './generated/lb/v1/PolicyService.ts';
import type { PoolServiceClient } from './generated/lb/v1/PoolService.ts';
import type { RegistrationServiceClient } from './generated/lb/v1/RegistrationService.ts';
import { preEncodedReports, type ReportsClient } from './report-codec.ts';
import { fromGrpcError } from './status.ts';

/** The largest message that any of our programs takes. */
export const MAX_MESSAGE_BYTES = 16 * 1_024 * 1_024;

const CHANNEL_OPTIONS: ChannelOptions = {
  // Without keep-alive a stream to a host that vanished would live for ever.
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2_000,
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  // Callers decide about retries: only they know the request_id.
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
  // A variable that is meant for browsers must not send the traffic of a fleet elsewhere.
  'grpc.enable_http_proxy': 0,
};

// Its lines are not JSON, whatever GRPC_VERBOSITY and GRPC_TRACE say; our own errors say the same.
setLogger({ error: () => undefined });

export interface ReplicaClient {
  /** HOST:PORT as it was given. */
  readonly address: string;
  readonly policies: PolicyServiceClient;
  readonly pools: PoolServiceClient;
  readonly listeners: ListenerServiceClient;
  readonly config: ConfigServiceClient;
  readonly fleet: FleetServiceClient;
  readonly discovery: DiscoveryServiceClient;
  readonly reports: ReportsClient;
  readonly registrations: RegistrationServiceClient;
  /** True once connected, false when that took longer than `timeoutMs`. */
  ready(timeoutMs: number): Promise<boolean>;
  close(): void;
}

/** Connects when it is first used. `address` is HOST:PORT, IPv6 as [IP]:PORT; `token` goes with every call. */
export function connectReplica(address: string, token?: SentToken): ReplicaClient {
  const { services } = loadDefinitions();
  const interceptors = token === undefined ? [] : [sending(token)];
  const channel = new Channel(targetOf(address), credentials.createInsecure(), CHANNEL_OPTIONS);
  const client = <T extends Client>(definition: object) => {
    // makeClientConstructor takes the untyped form of a service; the result is the typed client.
    const Constructor = makeClientConstructor(definition as ServiceDefinition, '');
    return new Constructor(address, credentials.createInsecure(), {
      channelOverride: channel,
      interceptors,
    }) as unknown as T;
  };
  const config = client<ConfigServiceClient>(services.config);
  return {
    address,
    config,
    policies: client(services.policies),
    pools: client(services.pools),
    listeners: client(services.listeners),
    fleet: client(services.fleet),
    discovery: client(services.discovery),
    reports: client(preEncodedReports()),
    registrations: client(services.registrations),
    ready: (timeoutMs) =>
      new Promise((resolve) => {
        config.waitForReady(systemClock.wallMs() + timeoutMs, (error) => resolve(!error));
      }),
    close: () => channel.close(),
  };
}

/** An interceptor, since grpc-js refuses call credentials on a connection without TLS. */
function sending(token: SentToken): Interceptor {
  return (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set(AUTHORIZATION_HEADER, `Bearer ${token.first}`);
        next(metadata, listener);
      },
    });
}

function targetOf(address: string): string {
  const host = address.slice(0, address.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  if (isIPv4(host)) return `ipv4:${address}`;
  return isIPv6(host) ? `ipv6:${address}` : `dns:///${address}`;
}

/** A unary method of a typed client, bound: `client.pools.getPool.bind(client.pools)`. */
export type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: { deadline: number },
  callback: requestCallback<Response>,
) => ClientUnaryCall;

export interface UnaryAnswer<Response> {
  readonly response: Response;
  /** The replica could not reach its store and answered from memory. */
  readonly stale: boolean;
}

/** Metadata of a request: `Bearer TOKEN`. */
export const AUTHORIZATION_HEADER = 'authorization';

/** Initial metadata of an answer that was read from memory while the store was away. */
export const STALE_HEADER = 'lb-stale';

/** Calls a unary method with a deadline. Rejects with LbError. */
export function callUnary<Request, Response>(
  method: UnaryMethod<Request, Response>,
  request: Request,
  timeoutMs: number,
): Promise<UnaryAnswer<Response>> {
  return new Promise((resolve, reject) => {
    let stale = false;
    const deadline = systemClock.wallMs() + timeoutMs;
    const call = method(request, new RequestMetadata(), { deadline }, (error, response) => {
      if (error) reject(fromGrpcError(error));
      else resolve({ response: response as Response, stale });
    });
    call.on('metadata', (metadata) => {
      stale = metadata.get(STALE_HEADER)[0] === 'true';
    });
  });
}
