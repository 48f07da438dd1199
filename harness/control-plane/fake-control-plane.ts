/**
 * A gRPC server of the real service definitions whose answers a test gives: for what lbctl does with an answer. It
 * keeps no configuration and checks nothing. A method without an answer is UNIMPLEMENTED.
 */
import {
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import { loadDefinitions, type Services } from '../../core/wire/definitions.ts';
import { toGrpcStatus } from '../../core/wire/status.ts';
import type { Scope } from '../programs/processes.ts';

type Methods = Services['policies'] &
  Services['pools'] &
  Services['listeners'] &
  Services['config'] &
  Services['fleet'] &
  Pick<Services['registrations'], 'ListRegistrations'>;
type RequestOf<M> = M extends { requestDeserialize: (bytes: Buffer) => infer Request } ? Request : never;
type ResponseOf<M> = M extends { responseSerialize: (response: infer Response) => Buffer } ? Response : never;
type StreamName = 'Watch' | 'WaitConverged' | 'WatchStats' | 'WatchEvents';

type Call = ServerUnaryCall<unknown, unknown>;

/** An LbError that an answer throws travels as its gRPC status. Streams end when their iterable does. */
export type Answers = {
  readonly [M in Exclude<keyof Methods, StreamName>]?: (
    request: RequestOf<Methods[M]>,
    call: Call,
  ) => ResponseOf<Methods[M]> | Promise<ResponseOf<Methods[M]>>;
} & {
  readonly [M in StreamName]?: (request: RequestOf<Methods[M]>) => AsyncIterable<ResponseOf<Methods[M]>>;
};

export interface FakeControlPlane {
  readonly address: string;
  /** What was asked, oldest first. */
  readonly requests: readonly { readonly method: string; readonly request: Record<string, unknown> }[];
  stop(): void;
}

/** Listens on a free port, or on `address`, until the test ends. */
export async function startFakeControlPlane(
  scope: Scope,
  answers: Answers,
  address = '127.0.0.1:0',
): Promise<FakeControlPlane> {
  const server = new Server();
  // Nobody has registered, unless a test says so.
  const given: Answers = { ListRegistrations: () => ({ registrations: [] }), ...answers };
  const requests: { method: string; request: Record<string, unknown> }[] = [];
  const { services } = loadDefinitions();
  for (const service of [
    services.policies,
    services.pools,
    services.listeners,
    services.config,
    services.fleet,
    services.registrations,
  ]) {
    const implementation: UntypedServiceImplementation = {};
    for (const [method, definition] of Object.entries(service)) {
      const answer = (given as Record<string, unknown>)[method];
      if (answer === undefined) continue;
      const note = (request: unknown) =>
        requests.push({ method, request: request as Record<string, unknown> });
      implementation[method] = (definition as { responseStream: boolean }).responseStream
        ? streaming(answer as StreamAnswer, note)
        : unary(answer as UnaryAnswer, note);
    }
    server.addService(service, implementation);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  const stop = () => server.forceShutdown();
  scope.after(stop);
  return { address: `127.0.0.1:${port}`, requests, stop };
}

type UnaryAnswer = (request: unknown, call: Call) => unknown;
type StreamAnswer = (request: unknown) => AsyncIterable<unknown>;

function unary(answer: UnaryAnswer, note: (request: unknown) => void): handleUnaryCall<unknown, unknown> {
  return (call, callback) => {
    note(call.request);
    void (async () => answer(call.request, call))().then(
      (response) => callback(null, response),
      (error: unknown) => callback(toGrpcStatus(asLbError(error))),
    );
  };
}

function streaming(answer: StreamAnswer, note: (request: unknown) => void) {
  return (call: ServerWritableStream<unknown, unknown>) => {
    note(call.request);
    void (async () => {
      for await (const message of answer(call.request)) call.write(message);
    })().then(
      () => call.end(),
      (error: unknown) => call.emit('error', toGrpcStatus(asLbError(error))),
    );
  };
}

function asLbError(error: unknown): LbError {
  return error instanceof LbError ? error : new LbError('INTERNAL', messageOf(error));
}
