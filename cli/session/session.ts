/**
 * Talking to the control plane: several replicas, tried in turn; reads once each, changes again and again under one
 * request_id until the outcome is known or the time is up.
 *
 * Invariants
 *  - every call has a deadline, and all calls of one request together end by --timeout;
 *  - a change that may have reached a replica and was not answered is never reported as "nothing was written".
 */
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';
import { formatDuration } from '../../core/model/duration.ts';
import { backoff } from '../../core/runtime/backoff.ts';
import { sleep } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { callUnary, connectReplica, type ReplicaClient, type UnaryMethod } from '../../core/wire/clients.ts';
import type { Services } from '../../core/wire/definitions.ts';
import { type Context, tell } from '../context.ts';
import { CliError, EXIT } from '../exit.ts';
import { reach } from './connect.ts';
import { Servers } from './servers.ts';

/** A replica that does not even answer a connect in this time is passed over for the next. */
const CONNECT_MS = 2_000;

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

type StreamMethod = 'Watch' | 'WaitConverged' | 'WatchStats';
type ServiceOf<M extends StreamMethod> = M extends 'WatchStats' ? 'fleet' : 'config';

/** For who wants to know more of a stream, or to end it from elsewhere. */
export interface StreamFollower {
  /** Told which replica was asked. */
  readonly opened: (address: string) => void;
  readonly signal: AbortSignal;
}

export interface Session {
  /** One pass over the replicas. Exits with 3 when none of them answers. */
  read<S extends ServiceName, M extends keyof Services[S] & string>(
    service: S,
    method: M,
    request: RequestOf<S, M>,
  ): Promise<ResponseOf<S, M>>;
  /** The same request, its request_id included, until it is answered or --timeout has passed. */
  change<S extends ServiceName, M extends keyof Services[S] & string>(
    service: S,
    method: M,
    request: RequestOf<S, M>,
  ): Promise<ResponseOf<S, M>>;
  /** The messages of a stream of the first replica that takes it. Throws LbError when it breaks. */
  stream<M extends StreamMethod>(
    method: M,
    request: RequestOf<ServiceOf<M>, M>,
    timeoutMs: number | undefined,
    follow?: StreamFollower,
  ): AsyncIterable<ResponseOf<ServiceOf<M>, M>>;
  close(): void;
}

/** Opens nothing yet. */
export function openSession(context: Context): Session {
  const clients = new Map<string, ReplicaClient>();
  const clientOf = (address: string) => {
    const client = clients.get(address) ?? connectReplica(address, context.token);
    clients.set(address, client);
    return client;
  };
  const servers = new Servers(context.servers, context.lookup, context.clock);
  const state: State = { context, clientOf, servers, saidStale: false };
  return {
    read: async (service, method, request) => (await read(state, service, method, request)) as never,
    change: async (service, method, request) => (await change(state, service, method, request)) as never,
    stream: (method, request, timeoutMs, follow) =>
      stream(state, method, request, timeoutMs, follow) as never,
    close: () => clients.forEach((client) => client.close()),
  };
}

interface State {
  readonly context: Context;
  readonly clientOf: (address: string) => ReplicaClient;
  readonly servers: Servers;
  saidStale: boolean;
}

async function read(state: State, service: ServiceName, method: string, request: unknown): Promise<unknown> {
  const { timeoutMs, clock } = state.context;
  const { servers } = state;
  const end = clock.nowMs() + timeoutMs;
  const failures: string[] = [];
  const answering = new Set<string>();
  const addresses = await servers.inOrder();
  for (const [index, address] of addresses.entries()) {
    // A replica that hangs must leave time for the others.
    const timeLeft = (end - clock.nowMs()) / (addresses.length - index);
    const attempt = await call(state, address, service, method, request, timeLeft);
    if (attempt.ok) return attempt.response;
    if (!attempt.again) throw attempt.error;
    if (attempt.answered) answering.add(address);
    failures.push(`${address}: ${plainly(attempt.error)}`);
  }
  failures.push(...servers.failures);
  servers.forget();
  throw new CliError(EXIT.unreachable, unreachable(state.context.servers, answering), failures);
}

async function change(
  state: State,
  service: ServiceName,
  method: string,
  request: unknown,
): Promise<unknown> {
  const { timeoutMs, clock, random } = state.context;
  const { servers } = state;
  const end = clock.nowMs() + timeoutMs;
  const pause = backoff(200, 2_000, random);
  const last = new Map<string, string>();
  const answering = new Set<string>();
  let maybeWritten = false;
  rounds: for (let round = 1; ; round++) {
    const addresses = await servers.inOrder();
    for (const address of addresses) {
      const timeLeft = Math.max((end - clock.nowMs()) / addresses.length, 1);
      const attempt = await call(state, address, service, method, request, timeLeft);
      if (attempt.ok) return attempt.response;
      if (!attempt.again && !maybeWritten) throw attempt.error;
      maybeWritten ||= attempt.maybeSent;
      if (attempt.answered) answering.add(address);
      last.set(address, plainly(attempt.error));
      // A refusal after an attempt that may have been written says nothing about that one.
      if (!attempt.again) break rounds;
    }
    const delay = pause.nextMs();
    if (clock.nowMs() + delay >= end) break;
    if (round === 1) sayTrying(state, [...last.values()].at(-1) ?? 'no address');
    await sleep(clock, delay);
    servers.forget();
  }
  const failures = [...[...last].map(([address, message]) => `${address}: ${message}`), ...servers.failures];
  if (!maybeWritten)
    throw new CliError(
      EXIT.unreachable,
      `${unreachable(state.context.servers, answering)}; nothing was written`,
      failures,
    );
  const { requestId } = request as { requestId: string };
  throw new CliError(
    EXIT.timedOut,
    `it is not known whether the change was written (request_id ${requestId}); look at the current configuration before you repeat it`,
    failures,
  );
}

type Attempt =
  | { readonly ok: true; readonly response: unknown }
  | {
      readonly ok: false;
      readonly error: LbError;
      /** Another replica, or the same one later, may do better. */
      readonly again: boolean;
      /** UNAVAILABLE in the control plane's own words: its store is away, or it is stopping, and it says which. */
      readonly answered: boolean;
      readonly maybeSent: boolean;
    };

async function call(
  state: State,
  address: string,
  service: ServiceName,
  method: string,
  request: unknown,
  timeoutMs: number,
): Promise<Attempt> {
  const { context } = state;
  const client = state.clientOf(address);
  const end = context.clock.nowMs() + timeoutMs;
  const reached = await reach(client, Math.min(timeoutMs, CONNECT_MS), context.clock);
  if (reached === 'silent') {
    const error = new LbError('UNAVAILABLE', 'accepts no connection in time');
    return { ok: false, error, again: true, answered: false, maybeSent: false };
  }
  const stub = client[service] as unknown as Record<string, UnaryMethod<unknown, unknown>>;
  const bound = stub[method]?.bind(stub);
  if (bound === undefined) throw new Error(`${service} has no method ${method}`);
  try {
    const { response, stale } = await callUnary(bound, request, Math.max(end - context.clock.nowMs(), 1));
    if (stale) sayStale(state);
    state.servers.answered(address);
    return { ok: true, response };
  } catch (error) {
    if (!(error instanceof LbError)) throw error;
    const again = error.code === 'UNAVAILABLE' || error.code === 'OUTCOME_UNKNOWN';
    const answered = saidByServer(error);
    return { ok: false, error, again, answered, maybeSent: reached === 'ready' && !answered };
  }
}

/**
 * UNAVAILABLE off the wire means that nothing was written; the same code made on this side, of a connection that
 * broke, means nothing. Only the first comes with metadata: the content type at least.
 */
function saidByServer(error: LbError): boolean {
  const metadata = (error.cause as ServiceError | undefined)?.metadata;
  return error.code === 'UNAVAILABLE' && Object.keys(metadata?.getMap() ?? {}).length > 0;
}

async function* stream(
  state: State,
  method: StreamMethod,
  request: unknown,
  timeoutMs: number | undefined,
  follow: StreamFollower | undefined,
): AsyncGenerator {
  const { clock } = state.context;
  const { servers } = state;
  const addresses = await servers.inOrder();
  let client: ReplicaClient | undefined;
  for (const address of addresses) {
    client = state.clientOf(address);
    if ((await reach(client, CONNECT_MS, clock)) === 'ready') break;
  }
  if (client === undefined) {
    servers.forget();
    throw new LbError('UNAVAILABLE', servers.failures.join('; '));
  }
  const options = timeoutMs === undefined ? {} : { deadline: clock.wallMs() + timeoutMs };
  const { config, fleet } = client;
  const open = (method === 'WatchStats'
    ? fleet[method].bind(fleet)
    : config[method].bind(config)) as unknown as (
    request: unknown,
    options: object,
  ) => ClientReadableStream<unknown>;
  const messages = open(request, options);
  follow?.opened(client.address);
  follow?.signal.addEventListener('abort', () => messages.cancel(), { once: true });
  try {
    for await (const message of messages) {
      servers.answered(client.address);
      yield message;
    }
  } catch (error) {
    // The one that broke is the last to be tried again.
    servers.answered(after(client.address, addresses));
    const { fromGrpcError } = await import('../../core/wire/status.ts');
    throw fromGrpcError(error as ServiceError);
  } finally {
    messages.cancel();
  }
}

function after(address: string, addresses: readonly string[]): string {
  return addresses[(addresses.indexOf(address) + 1) % addresses.length] ?? '';
}

function sayTrying({ context }: State, why: string): void {
  tell(context, `no answer yet (${why}); trying for ${formatDuration(context.timeoutMs)}`);
}

function sayStale(state: State): void {
  if (state.saidStale) return;
  state.saidStale = true;
  tell(
    state.context,
    'warning: the control plane can’t reach its store; this was read from its memory and may be old',
  );
}

/** What grpc-js wraps around a failed connect says nothing to the user. */
function plainly({ message }: LbError): string {
  return message
    .replace(/^No connection established\. Last error: (Error: )?/, '')
    .replace(/\.? Resolution note:.*$/s, '');
}

/** None answered; or some did, and why they could do nothing is in what they said. */
function unreachable(servers: readonly string[], answering: ReadonlySet<string>): string {
  if (answering.size > 0)
    return `the control plane at ${[...answering].join(', ')} answers, but can’t do this now`;
  return `no control plane answers at ${servers.join(', ')} (--server names others)`;
}
