/**
 * What happens to every call of every service: it is counted and logged, refused before its handler sees it if it is not
 * allowed, answered with an explanation if its request can't be decoded, and limited in time if it is unary, even when its
 * caller set no deadline.
 */
import { constants, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import {
  ResponderBuilder,
  ServerInterceptingCall,
  type ServerInterceptor,
  ServerListenerBuilder,
  status,
} from '@grpc/grpc-js';
import type { Clock } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { AUTHORIZATION_HEADER } from '../../core/wire/clients.ts';
import { toGrpcStatus } from '../../core/wire/status.ts';
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
  /** A call that needs a token is accepted on this connection. */
  readonly onAccepted: (session: ServerHttp2Session) => void;
  /** How many calls may be open. Those that need no token have as many again, so that probes are always answered. */
  readonly maxCalls: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function everyCall({
  onCall,
  refuse,
  isOpen,
  onAccepted,
  maxCalls,
  clock,
  logger,
}: InterceptorOptions): ServerInterceptor {
  let calls = 0;
  return (descriptor, call) => {
    const inside = call as unknown as CallInside;
    const { stream } = inside;
    const open = isOpen(descriptor.path);
    limitRequests(inside, descriptor.path);
    const method = descriptor.path.slice(1);
    const startedMs = clock.nowMs();
    const unary = !descriptor.requestStream && !descriptor.responseStream;
    const late = unary
      ? clock.after(UNARY_DEADLINE_MS, () => intercepting.sendStatus({ ...LATE, metadata: null }))
      : null;
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
        const refusal =
          refuse(descriptor.path, metadata.get(AUTHORIZATION_HEADER)[0]?.toString()) ??
          (calls >= (open ? 2 * maxCalls : maxCalls) ? TOO_MANY : null);
        if (refusal !== null) {
          intercepting.sendStatus(toGrpcStatus(refusal));
          // The client may have more to send; nobody reads it.
          return stream.close(constants.NGHTTP2_NO_ERROR);
        }
        calls += 1;
        stream.once('close', () => (calls -= 1));
        if (!open && stream.session) onAccepted(stream.session as ServerHttp2Session);
        next(metadata);
      })
      .withOnReceiveMessage((message, next) => {
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

const TOO_MANY = new LbError(
  'RESOURCE_EXHAUSTED',
  'this control plane has as many open calls as it takes; use another one, or try again later',
);

function malformed(path: string, { why }: MalformedRequest) {
  const details = `the request can't be decoded as the message of ${path}: ${why}`;
  return { code: status.INVALID_ARGUMENT, details, metadata: null };
}
