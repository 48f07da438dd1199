/**
 * Calls the gRPC methods of this control plane from within the process: the same handlers, validation and guard, and
 * requests and answers that have been through the wire format, so the dashboard sees exactly what a client would see.
 */
import type { Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../core/runtime/clock.ts';
import type { LbError } from '../../core/runtime/errors.ts';
import { fromGrpcError } from '../../core/wire/status.ts';
import type { Service } from '../rpc/grpc-server.ts';

/** How long a user of the page waits for an answer. */
const DEADLINE_MS = 15_000;

/** Calls a unary method. Rejects with LbError. */
export type LocalCall = <Answer>(method: string, request: object) => Promise<Answer>;

interface Method {
  readonly path: string;
  requestSerialize(request: object): Buffer;
  requestDeserialize(bytes: Buffer): unknown;
  responseSerialize(response: object): Buffer;
  responseDeserialize(bytes: Buffer): unknown;
}

type Handler = (
  call: object,
  callback: (error: Parameters<typeof fromGrpcError>[0] | null, response?: object) => void,
) => void;

/** `refuse`: why a method is refused now; the same check as for calls over the network. */
export function localCalls(
  services: readonly Service[],
  refuse: (path: string) => LbError | null,
  clock: Clock,
): LocalCall {
  const find = (name: string): { method: Method; handler: Handler } => {
    for (const { definition, handlers } of services) {
      if (!Object.hasOwn(definition, name)) continue;
      const method = (definition as Record<string, Method>)[name];
      const handler = (handlers as Record<string, Handler>)[name];
      if (method !== undefined && handler !== undefined) return { method, handler };
    }
    throw new TypeError(`there is no method ${name}`);
  };
  return async <Answer>(name: string, request: object) => {
    const { method, handler } = find(name);
    const refused = refuse(method.path);
    if (refused !== null) throw refused;
    const call = {
      request: method.requestDeserialize(method.requestSerialize(request)),
      getDeadline: () => clock.wallMs() + DEADLINE_MS,
      getPath: () => method.path,
      // Marks an answer as stale; every view of the page shows that already.
      sendMetadata: (_headers: Metadata) => undefined,
    };
    return new Promise<Answer>((resolve, reject) => {
      handler(call, (error, response = {}) => {
        if (error) reject(fromGrpcError(error));
        else resolve(method.responseDeserialize(method.responseSerialize(response)) as Answer);
      });
    });
  };
}
