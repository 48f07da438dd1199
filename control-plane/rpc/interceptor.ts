/**
 * What happens to every call of every service: it is counted and logged, refused before its handler sees it if it is not
 * allowed, answered with an explanation if its request can't be decoded, and limited in time if it is unary, even when its
 * caller set no deadline.
 */
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
import { MalformedRequest } from './definition-wrappers.ts';

/** The longest a unary call may take. */
const UNARY_DEADLINE_MS = 30_000;

export interface InterceptorOptions {
  /** A call of `method` (SERVICE/METHOD) has ended. */
  readonly onCall: (method: string, code: string) => void;
  /** Why a call of `path` (/SERVICE/METHOD) is refused; null: it is allowed. */
  readonly refuse: (path: string, authorization: string | undefined) => LbError | null;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function everyCall({ onCall, refuse, clock, logger }: InterceptorOptions): ServerInterceptor {
  return (descriptor, call) => {
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
        if (refusal === null) return next(metadata);
        refused = true;
        intercepting.sendStatus(toGrpcStatus(refusal));
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

const LATE = {
  code: status.DEADLINE_EXCEEDED,
  details: `no answer within ${UNARY_DEADLINE_MS / 1_000} s; to find out whether a change was made, repeat it with the same request_id`,
};

function malformed(path: string, { why }: MalformedRequest) {
  const details = `the request can't be decoded as the message of ${path}: ${why}; check that the client was generated from this version of lb/v1`;
  return { code: status.INVALID_ARGUMENT, details, metadata: null };
}
