/**
 * One member of an etcd cluster. The only file that imports etcd3.
 *
 * Invariants
 *  - a call is sent once and ends at its deadline: nothing here tries again, and no other member is asked;
 *  - errors are those of gRPC, as they came: what they mean is decided in etcd-refusal.ts.
 *
 * Of etcd3 only the wire is used. Its watcher loses events, and its pool tries again on its own terms.
 */
import { credentials, Metadata } from '@grpc/grpc-js';
import { type ICallable, KVClient, LeaseClient, WatchClient } from 'etcd3';
import { Host } from 'etcd3/lib/connection-pool.js';

/** Far above one append; a read of many large commits that still exceeds it is made in smaller pieces. */
const MAX_RECEIVE_BYTES = 16 * 1_048_576;

const CHANNEL_OPTIONS = {
  'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
  'grpc.enable_retries': 0,
  'grpc.keepalive_time_ms': 5_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  // A member that is back must be found well within the two seconds that a commit may take to be seen.
  'grpc.max_reconnect_backoff_ms': 500,
};

type Callable = ICallable<Host>;
type Service = Parameters<Callable['exec']>[0];
/** A unary method of a client that was made from etcd's definitions. */
type Method = (
  request: unknown,
  metadata: Metadata,
  options: object,
  done: (error: Error | null, answer: unknown) => void,
) => void;

export class EtcdMember {
  /** Keys and transactions. Give each call a deadline, an instant of the wall clock. */
  readonly kv: KVClient;
  readonly lease: LeaseClient;
  readonly watch: WatchClient;
  readonly #host: Host;

  /** `endpoint` is HOST:PORT. Connects with the first call. */
  constructor(endpoint: string) {
    this.#host = new Host(`http://${endpoint}`, credentials.createInsecure(), CHANNEL_OPTIONS);
    const callable: Callable = {
      exec: <T>(service: Service, method: string, request: unknown, options: object = {}) =>
        this.#call(service, method, request, options) as Promise<T>,
      withConnection: async (service, use) =>
        use({
          resource: this.#host,
          client: this.#host.getServiceClient(service),
          metadata: new Metadata(),
        }),
      markFailed: () => undefined,
      callOptionsFactory: undefined,
    };
    this.kv = new KVClient(callable);
    this.lease = new LeaseClient(callable);
    this.watch = new WatchClient(callable);
  }

  close(): void {
    this.#host.close();
  }

  async #call(service: Service, method: string, request: unknown, options: object): Promise<unknown> {
    const client = this.#host.getServiceClient(service) as unknown as Record<string, Method>;
    return new Promise((resolve, reject) => {
      client[method]?.(request, new Metadata(), options, (error, answer) =>
        error === null ? resolve(answer) : reject(error),
      );
    });
  }
}
