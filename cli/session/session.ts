/**
 * Calls to the control plane, whose replicas are tried in turn. A read is tried once at each; a change is repeated with
 * one request_id until its outcome is known or the time is up.
 *
 * Invariants
 *  - every call has a deadline, and all calls of one request together end by --timeout;
 *  - a change that may have reached a replica and was not answered is never reported as "nothing was written".
 */
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { formatDuration } from '../../core/model/duration.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { callUnary, connectReplica, type ReplicaClient, type UnaryMethod } from '../../core/wire/clients.ts';
import type { Services } from '../../core/wire/definitions.ts';
import { fromGrpcError } from '../../core/wire/status.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT } from '../exit.ts';
import { type Reach, reach } from './connect.ts';
import { isRetryable, retry } from './retry.ts';
import { Servers } from './servers.ts';
import { explainWrongPort } from './wrong-port.ts';

/** A replica that takes longer to accept a connection is skipped for the next one. */
const CONNECT_MS = 2_000;
const SILENT = 'accepts no connection in time';

type ServiceName = keyof Services;
/** Request and response of a method, taken from its definition. */
export type RequestOf<S extends ServiceName, M extends keyof Services[S]> = Services[S][M] extends {
  requestSerialize: (request: infer Request) => unknown;
}
  ? Request
  : never;
type ResponseOf<S extends ServiceName, M extends keyof Services[S]> = Services[S][M] extends {
  responseDeserialize: (bytes: Buffer) => infer Response;
}
  ? Response
  : never;

type FleetStream = 'WatchStats' | 'WatchEvents';
type StreamMethod = 'Watch' | 'WaitConverged' | FleetStream;
type ServiceOf<M extends StreamMethod> = M extends FleetStream ? 'fleet' : 'config';

/** For a caller that shows where a stream comes from, or ends it from elsewhere. */
interface StreamOptions {
  /** Called with the address of the replica that is asked. */
  readonly opened: (address: string) => void;
  readonly signal: AbortSignal;
}

type Call = <S extends ServiceName, M extends keyof Services[S] & string>(
  service: S,
  method: M,
  request: RequestOf<S, M>,
) => Promise<ResponseOf<S, M>>;

export interface Session {
  /** One pass over the replicas. Exits with 3 when none of them answers. */
  readonly read: Call;
  /** The same request, its request_id included, until it is answered or --timeout has passed. */
  readonly change: Call;
  /** The messages of a stream of the first replica that takes it. Throws LbError when it breaks. */
  stream<M extends StreamMethod>(
    method: M,
    request: RequestOf<ServiceOf<M>, M>,
    timeoutMs: number | undefined,
    options?: StreamOptions,
  ): AsyncIterable<ResponseOf<ServiceOf<M>, M>>;
  close(): void;
}

/** Connects when it is first used. */
export function openSession(context: Context): Session {
  const clients = new Map<string, ReplicaClient>();
  const clientOf = (address: string) => {
    const client = clients.get(address) ?? connectReplica(address, context.token);
    clients.set(address, client);
    return client;
  };
  const servers = new Servers(context.servers, context.lookup, context.clock);
  const state: SessionState = { context, clientOf, servers, staleWasReported: false };
  return {
    read: async (service, method, request) => (await read(state, { service, method, request })) as never,
    change: async (service, method, request) => (await change(state, { service, method, request })) as never,
    stream: (method, request, timeoutMs, options) =>
      stream(state, method, request, timeoutMs, options) as never,
    close: () => clients.forEach((client) => client.close()),
  };
}

interface SessionState {
  readonly context: Context;
  readonly clientOf: (address: string) => ReplicaClient;
  readonly servers: Servers;
  staleWasReported: boolean;
}

interface MethodCall {
  readonly service: ServiceName;
  readonly method: string;
  readonly request: unknown;
}

async function read(state: SessionState, request: MethodCall): Promise<unknown> {
  const { servers, context } = state;
  const endMs = context.clock.nowMs() + context.timeoutMs;
  const failures = new Failures(context, servers);
  const addresses = await servers.inOrder();
  for (const [index, address] of addresses.entries()) {
    // A replica that hangs must leave time for the others.
    const timeLeftMs = (endMs - context.clock.nowMs()) / (addresses.length - index);
    const answer = await call(state, address, request, timeLeftMs);
    if (answer.ok) return answer.response;
    if (!answer.error.retryable) throw answer.error;
    failures.add(address, answer);
  }
  const error = failures.unreachable();
  servers.forget();
  throw error;
}

async function change(state: SessionState, request: MethodCall): Promise<unknown> {
  const { servers, context } = state;
  const { clock, timeoutMs } = context;
  const untilMs = clock.nowMs() + timeoutMs;
  const failures = new Failures(context, servers);
  const attempt = async () => {
    const addresses = await servers.inOrder();
    let error = new LbError('UNAVAILABLE', 'no address');
    for (const address of addresses) {
      const timeLeftMs = Math.max((untilMs - clock.nowMs()) / addresses.length, 1);
      const answer = await call(state, address, request, timeLeftMs);
      if (answer.ok) return answer;
      ({ error } = answer);
      if (!error.retryable && !failures.maybeWritten) throw error;
      failures.add(address, answer);
      // A refusal after an attempt that may have been written says nothing about that attempt.
      if (!error.retryable) throw failures.ofChange(request);
    }
    throw error;
  };
  let isFirst = true;
  const onFailure = (error: unknown) => {
    const why = messageOf(error);
    if (isFirst) tell(context, `no answer yet (${why}); trying for ${formatDuration(timeoutMs)}`);
    isFirst = false;
    servers.forget();
  };
  try {
    return (await retry(context, { attempt, onFailure, untilMs }))?.response;
  } catch (error) {
    throw isRetryable(error) ? failures.ofChange(request) : error;
  }
}

export function unknownOutcome(requestId: string): string {
  return `it is not known whether the change was written (request_id ${requestId}); check the current configuration before you repeat it`;
}

/** The last failure of each replica that was asked, and the error that the user gets for all of them. */
class Failures {
  readonly #context: Context;
  readonly #servers: Servers;
  readonly #last = new Map<string, string>();
  readonly #answering = new Set<string>();
  maybeWritten = false;

  constructor(context: Context, servers: Servers) {
    this.#context = context;
    this.#servers = servers;
  }

  add(address: string, { error, answered, maybeSent }: Failure): void {
    this.#last.set(address, error.message);
    if (answered) this.#answering.add(address);
    this.maybeWritten ||= maybeSent;
  }

  /** No replica could do it; `more` is added to the message. */
  unreachable(more = ''): CliError {
    const message =
      this.#answering.size > 0
        ? `the control plane at ${[...this.#answering].join(', ')} answers, but can’t do this now`
        : `no control plane answers at ${this.#context.servers.join(', ')} (--server names others)`;
    return new CliError(EXIT.unreachable, message + more, this.#lines());
  }

  ofChange({ request }: MethodCall): CliError {
    if (!this.maybeWritten) return this.unreachable('; nothing was written');
    const { requestId } = request as { requestId: string };
    return new CliError(EXIT.timedOut, unknownOutcome(requestId), this.#lines());
  }

  #lines(): string[] {
    return [
      ...[...this.#last].map(([address, message]) => `${address}: ${message}`),
      ...this.#servers.failures,
    ];
  }
}

interface Failure {
  readonly ok: false;
  readonly error: LbError;
  /** The control plane itself answered UNAVAILABLE: its store is away, or it is stopping. */
  readonly answered: boolean;
  readonly maybeSent: boolean;
}

async function call(
  state: SessionState,
  address: string,
  { service, method, request }: MethodCall,
  timeoutMs: number,
): Promise<{ readonly ok: true; readonly response: unknown } | Failure> {
  const { context } = state;
  const client = state.clientOf(address);
  const end = context.clock.nowMs() + timeoutMs;
  const reached = await reach(client, Math.min(timeoutMs, CONNECT_MS), context.clock);
  if (reached === 'silent') {
    return { ok: false, error: new LbError('UNAVAILABLE', SILENT), answered: false, maybeSent: false };
  }
  const stub = client[service] as unknown as Record<string, UnaryMethod<unknown, unknown>>;
  const bound = stub[method]?.bind(stub);
  if (bound === undefined) throw new Error(`${service} has no method ${method}`);
  try {
    const { response, stale } = await callUnary(bound, request, Math.max(end - context.clock.nowMs(), 1));
    if (stale && !state.staleWasReported) {
      state.staleWasReported = true;
      const why = 'the control plane can’t reach its store; this was read from its memory and may be old';
      tell(context, `warning: ${why}`);
    }
    state.servers.answered(address);
    return { ok: true, response };
  } catch (error) {
    if (!(error instanceof LbError)) throw error;
    const answered = isFromServer(error);
    const explained = await explainWrongPort(error, address, context.clock);
    return { ok: false, error: explained, answered, maybeSent: reached === 'ready' && !answered };
  }
}

/**
 * UNAVAILABLE from the server means that nothing was written. When grpc-js reports it for a broken connection, something
 * may have been. Only the first comes with metadata: the content type at least.
 */
function isFromServer(error: LbError): boolean {
  const metadata = (error.cause as ServiceError | undefined)?.metadata;
  return error.code === 'UNAVAILABLE' && Object.keys(metadata?.getMap() ?? {}).length > 0;
}

async function* stream(
  state: SessionState,
  method: StreamMethod,
  request: unknown,
  timeoutMs: number | undefined,
  follow: StreamOptions | undefined,
): AsyncGenerator {
  const { clock } = state.context;
  const { servers } = state;
  const options = timeoutMs === undefined ? {} : { deadline: clock.wallMs() + timeoutMs };
  const addresses = await servers.inOrder();
  let [client, reached]: [ReplicaClient | undefined, Reach] = [undefined, 'silent'];
  for (const address of addresses) {
    client = state.clientOf(address);
    follow?.opened(address);
    reached = await reach(client, CONNECT_MS, clock);
    if (reached === 'ready') break;
  }
  if (client === undefined || reached === 'silent') {
    servers.forget();
    throw new LbError('UNAVAILABLE', client ? SILENT : servers.failures.join('; '));
  }
  const { config, fleet } = client;
  const open = (method === 'WatchStats' || method === 'WatchEvents'
    ? fleet[method].bind(fleet)
    : config[method].bind(config)) as unknown as (
    request: unknown,
    options: object,
  ) => ClientReadableStream<unknown>;
  const messages = open(request, options);
  follow?.signal.addEventListener('abort', () => messages.cancel(), { once: true });
  try {
    for await (const message of messages) {
      servers.answered(client.address);
      yield message;
    }
  } catch (error) {
    // The one that broke is the last to be tried again.
    servers.answered(after(client.address, addresses));
    throw fromGrpcError(error as ServiceError);
  } finally {
    messages.cancel();
  }
}

function after(address: string, addresses: readonly string[]): string {
  return addresses[(addresses.indexOf(address) + 1) % addresses.length] ?? '';
}
