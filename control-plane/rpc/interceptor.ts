/**
 * What happens to every call of every service: it is counted and logged, refused before its handler sees it if it is not
 * allowed, answered with an explanation if its request can't be decoded, and limited in time if it is unary, even when its
 * caller set no deadline.
 */
import { constants, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import {
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '../../core/runtime/clock.ts';
import type { LbError } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { AUTHORIZATION_HEADER } from '../../core/wire/clients.ts';
import { toGrpcStatus } from '../../core/wire/status.ts';
import type { GrpcConnections } from './connection-limits.ts';
import { MalformedRequest } from './definition-wrappers.ts';

/** By the beginning of the path: the largest request. Who has no token yet can only send the first kind. */
const MAX_REQUEST_BYTES = [
  ['/grpc.health.v1.', 4_096],
  ['/grpc.reflection.', 65_536],
  ['/lb.v1.RegistrationService/', 65_536],
  // A refused snapshot may name a thousand violations.
  ['/lb.v1.DiscoveryService/', 4 * 1_048_576],
  // Proxies report in parts of 250 backends.
  ['/lb.v1.ReportService/', 4 * 1_048_576],
] as const;

/** The longest a unary call may take. */
const UNARY_DEADLINE_MS = 30_000;

/** The parts of a grpc-js call that it keeps to itself; test/integration/control-plane/hostile-calls.test.ts needs them. */
interface CallInside {
  readonly stream: ServerHttp2Stream;
  readonly decoder: { maxReadMessageLength: number };
  maxReceiveMessageSize: number;
}

export interface InterceptorOptions {
  /** A call of `method` (SERVICE/METHOD) has ended. */
  readonly onCall: (method: string, code: string) => void;
  /** Why a call of `path` (/SERVICE/METHOD) is refused; null: it is allowed. */
  readonly refuse: (path: string, authorization: string | undefined) => LbError | null;
  /** Whether a call of `path` is answered without a token. */
  readonly isOpen: (path: string) => boolean;
  readonly connections: GrpcConnections<string>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function everyCall({
  onCall,
  refuse,
  isOpen,
  connections,
  clock,
  logger,
}: InterceptorOptions): ServerInterceptor {
  return (descriptor, call) => {
    const connection = connectionName(call.getConnectionInfo()) ?? '';
    const inside = call as unknown as CallInside;
    // Not an answer, after which the client could go on sending.
    if (connections.streamOpened(connection))
      inside.stream.once('close', () => connections.streamClosed(connection));
    else inside.stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM);
    limitRequests(inside, descriptor.path);
    const method = descriptor.path.slice(1);
    const startedMs = clock.nowMs();
    const unary = !descriptor.requestStream && !descriptor.responseStream;
    const late = unary
      ? clock.after(UNARY_DEADLINE_MS, () => intercepting.sendStatus({ ...LATE, metadata: null }))
      : null;
    let refused = false;
    let ended = false;
    const end = (code: status, details: string) => {
      if (ended) return;
      ended = true;
      late?.cancel();
      onCall(method, status[code]);
      const ms = Math.round(clock.nowMs() - startedMs);
      logger.debug({ method, code: status[code], details, ms, peer: call.getPeer() }, 'call ended');
    };
    const listener = new ServerListenerBuilder()
      .withOnReceiveMetadata((metadata, next) => {
        const refusal = refuse(descriptor.path, metadata.get(AUTHORIZATION_HEADER)[0]?.toString());
        if (refusal === null) {
          if (!isOpen(descriptor.path)) connections.accept(connection);
          return next(metadata);
        }
        refused = true;
        intercepting.sendStatus(toGrpcStatus(refusal));
        // The client may have more to send; nobody reads it.
        inside.stream.close(constants.NGHTTP2_NO_ERROR);
      })
      .withOnReceiveMessage((message, next) => {
        if (refused) return;
        if (message instanceof MalformedRequest) intercepting.sendStatus(malformed(descriptor.path, message));
        else next(message);
      })
      .withOnCancel(() => end(status.CANCELLED, 'the client cancelled the call'))
      .build();
    const responder = new ResponderBuilder()
      .withStart((next) => next(listener))
      .withSendStatus((answer, next) => {
        end(answer.code ?? status.UNKNOWN, answer.details ?? '');
        next(answer);
      })
      .build();
    const intercepting = new ServerInterceptingCall(call, responder);
    return intercepting;
  };
}

type Ends = { readonly [End in 'remoteAddress' | 'remotePort' | 'localAddress']?: Socket[End] | undefined };

/** Names a connection; null: it has ended already. */
export function connectionName({ remoteAddress, remotePort, localAddress }: Ends): string | null {
  return remoteAddress === undefined ? null : `${remoteAddress} ${remotePort} ${localAddress}`;
}

function limitRequests(call: CallInside, path: string): void {
  const limit = MAX_REQUEST_BYTES.find(([beginning]) => path.startsWith(beginning))?.[1];
  if (limit === undefined) return;
  call.decoder.maxReadMessageLength = limit;
  call.maxReceiveMessageSize = limit;
}

const LATE = {
  code: status.DEADLINE_EXCEEDED,
  details: `no answer within ${UNARY_DEADLINE_MS / 1_000} s; to find out whether a change was made, repeat it with the same request_id`,
};

function malformed(path: string, { why }: MalformedRequest) {
  const details = `the request can't be decoded as the message of ${path}: ${why}`;
  return { code: status.INVALID_ARGUMENT, details, metadata: null };
}
