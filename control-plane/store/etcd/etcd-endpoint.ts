/**
 * One endpoint of an etcd cluster. The only file that imports more than types from etcd3.
 *
 * Invariants
 *  - a call ends at its deadline and is sent once, to this endpoint; it is sent again only when it was refused for its
 *    token, and so was not done;
 *  - an answer of another cluster than the expected one is an error: whether it was done there is not our concern;
 *  - errors are passed on as gRPC gave them: etcd-errors.ts decides what they mean.
 *
 * Only the wire part of etcd3 is used. Its watcher loses events; its pool retries on its own terms and requests new
 * tokens without end when they are refused.
 */
import { isIP } from 'node:net';
import { checkServerIdentity } from 'node:tls';
import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  credentials,
  Metadata,
} from '@grpc/grpc-js';
import {
  AuthClient,
  ClusterClient,
  type ICallable,
  type IResponseHeader,
  KVClient,
  LeaseClient,
  MaintenanceClient,
  WatchClient,
} from 'etcd3';
import { Host } from 'etcd3/lib/connection-pool.js';
import type { EtcdTls, EtcdUser } from './etcd-flags.ts';
import { isTokenRefused } from './etcd-errors.ts';
import { EtcdToken } from './etcd-token.ts';

/** Far above one append. A read of many large commits that exceeds even this is repeated in smaller pieces. */
const MAX_RECEIVE_BYTES = 16 * 1_048_576;

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
  'grpc.enable_retries': 0,
  // Whatever the environment says of a proxy for HTTP.
  'grpc.enable_http_proxy': 0,
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  // An endpoint that is back must be found well within the two seconds that a commit may take to be seen.
  'grpc.max_reconnect_backoff_ms': 500,
};
/** Sent as the server's name to an IP address, which must not be sent as a name itself. etcd ignores it. */
const NO_NAME = 'etcd.invalid';

type Callable = ICallable<Host>;
type Service = Parameters<Callable['exec']>[0];
/** A unary method of a client made from etcd's definitions. */
type Method = (
  request: unknown,
  metadata: Metadata,
  options: CallOptions,
  done: (error: Error | null, answer: unknown) => void,
) => void;

/** The keys from `key` up to `range_end`; `key` alone without it. */
export interface EtcdRange {
  readonly key: Buffer;
  readonly range_end?: Buffer;
}

/** The services of an endpoint; all their unary calls share one deadline. */
export interface EtcdServices {
  readonly kv: KVClient;
  readonly lease: LeaseClient;
  readonly maintenance: MaintenanceClient;
}

export interface EtcdEndpointOptions {
  /** HOST:PORT. */
  readonly endpoint: string;
  readonly tls?: EtcdTls | undefined;
  readonly user?: EtcdUser | undefined;
}

export class EtcdEndpoint {
  /** HOST:PORT. */
  readonly name: string;
  #clusterId: string | undefined;
  readonly #host: Host;
  readonly #token: EtcdToken;

  /** Connects with the first call. */
  constructor({ endpoint, tls, user }: EtcdEndpointOptions) {
    this.name = endpoint;
    this.#host = new Host(endpoint, channelCredentials(endpoint, tls), channelOptions(endpoint, tls));
    this.#token = new EtcdToken(user && ((deadline) => this.#authenticate(user, deadline)));
  }

  /** Undefined: any cluster. */
  expectCluster(clusterId: string | undefined): void {
    this.#clusterId = clusterId;
  }

  /** HOST:PORT of the cluster's members, as they are announced to clients. */
  members(deadline: number): Promise<readonly string[]> {
    return this.#withToken(deadline, async (metadata) => {
      const { members } = await new ClusterClient(this.#callable(metadata, { deadline })).memberList({});
      return members.flatMap(({ clientURLs }) => clientURLs.map((url) => url.replace(/^\w+:\/\//, '')));
    });
  }

  /** One unary call; `deadline` is an instant of the wall clock. */
  call<T>(deadline: number, use: (services: EtcdServices) => Promise<T>): Promise<T> {
    return this.#withToken(deadline, (metadata) => {
      const callable = this.#callable(metadata, { deadline });
      return use({
        kv: new KVClient(callable),
        lease: new LeaseClient(callable),
        maintenance: new MaintenanceClient(callable),
      });
    });
  }

  /** Renews a lease once; returns how many seconds it now has, 0 when it does not exist. */
  renewLease(id: string, deadline: number): Promise<number> {
    return this.#withToken(deadline, async (metadata) => {
      const client = new LeaseClient(this.#callable(metadata));
      const stream = await client.leaseKeepAlive({ deadline });
      try {
        return await new Promise<number>((resolve, reject) => {
          stream.on('data', ({ TTL }) => resolve(Math.max(0, Number(TTL))));
          stream.on('error', reject);
          stream.on('end', () => reject(new Error('the stream ended without an answer')));
          stream.write({ ID: id });
        });
      } finally {
        stream.cancel();
      }
    });
  }

  /** Calls `wake` for every message of a watch until its stream ends, for whatever reason. */
  async watch(range: EtcdRange, wake: () => void, deadline: number, signal: AbortSignal): Promise<void> {
    const metadata = await this.#token.metadata(deadline);
    const stream = await new WatchClient(this.#callable(metadata)).watch();
    const stop = () => stream.cancel();
    const canceled = await new Promise<boolean>((resolve) => {
      const finish = () => resolve(false);
      stream.on('error', finish).on('end', finish);
      stream.on('data', (message) => (message.canceled ? resolve(true) : wake()));
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      stream.write({ create_request: range });
    });
    signal.removeEventListener('abort', stop);
    stop();
    // etcd cancels a watch most likely for its token, and a new token costs little next to the pause before the retry.
    if (canceled) await this.#token.forget(metadata);
  }

  close(): void {
    this.#host.close();
  }

  async #authenticate({ name, readPassword }: EtcdUser, deadline: number): Promise<string> {
    const client = new AuthClient(this.#callable(new Metadata(), { deadline }));
    return (await client.authenticate({ name, password: readPassword() })).token;
  }

  async #withToken<T>(deadline: number, call: (metadata: Metadata) => Promise<T>): Promise<T> {
    const metadata = await this.#token.metadata(deadline);
    try {
      return await call(metadata);
    } catch (error) {
      if (!isTokenRefused(error) || !(await this.#token.forget(metadata))) throw error;
    }
    return call(await this.#token.metadata(deadline));
  }

  /** What etcd3's clients call to send a request. */
  #callable(metadata: Metadata, options: CallOptions = {}): Callable {
    return {
      exec: <T>(service: Service, method: string, request: unknown) =>
        this.#send(service, method, request, metadata, options) as Promise<T>,
      withConnection: async (service, use) =>
        use({ resource: this.#host, client: this.#host.getServiceClient(service), metadata }),
      markFailed: () => undefined,
      callOptionsFactory: undefined,
    };
  }

  async #send(
    service: Service,
    method: string,
    request: unknown,
    metadata: Metadata,
    options: CallOptions,
  ): Promise<unknown> {
    const client = this.#host.getServiceClient(service) as unknown as Record<string, Method>;
    return new Promise((resolve, reject) => {
      client[method]?.(request, metadata, options, (error, answer) => {
        const clusterId = (answer as { readonly header?: IResponseHeader } | undefined)?.header?.cluster_id;
        if (error !== null) reject(error);
        else if (this.#isForeign(clusterId)) reject(new Error(`${this.name} is in another etcd cluster now`));
        else resolve(answer);
      });
    });
  }

  #isForeign(clusterId: string | undefined): boolean {
    return clusterId !== undefined && this.#clusterId !== undefined && clusterId !== this.#clusterId;
  }
}

function channelCredentials(endpoint: string, tls: EtcdTls | undefined): ChannelCredentials {
  if (tls === undefined) return credentials.createInsecure();
  const { ca, identity } = tls;
  const host = hostOf(endpoint);
  return credentials.createSsl(ca ?? null, identity?.key ?? null, identity?.cert ?? null, {
    checkServerIdentity: (_name, certificate) => checkServerIdentity(host, certificate),
  });
}

function channelOptions(endpoint: string, tls: EtcdTls | undefined): ChannelOptions {
  if (tls === undefined || isIP(hostOf(endpoint)) === 0) return CHANNEL_OPTIONS;
  return { ...CHANNEL_OPTIONS, 'grpc.ssl_target_name_override': NO_NAME };
}

/** Without the port and brackets. */
function hostOf(endpoint: string): string {
  return endpoint.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
}
