/** Unary handlers as async functions: what they return is the answer, and an error that they throw becomes a status. */
import { type handleUnaryCall, Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { STALE_HEADER } from '../../core/wire/clients.ts';
import { toGrpcStatus } from '../../core/wire/status.ts';

/** Less than the interceptor's deadline, so that the handler, which knows more about the call, answers first. */
const MAX_REMAINING_MS = 29_000;
/** Time left for the answer to travel back. */
const MARGIN_MS = 250;

/** What a handler may do with its call. */
export interface UnaryCall {
  /** Marks the answer as read from memory because the store does not answer. To be called before answering. */
  markStale(): void;
  /** How long the caller will wait, at most MAX_REMAINING_MS. */
  remainingMs(): number;
}

export type Unary = <Request, Response>(
  answer: (request: Request, call: UnaryCall) => Promise<Response>,
) => handleUnaryCall<Request, Response>;

/** Makes handlers. An error that is not an LbError is a bug: it is logged, and the caller learns only that there was one. */
export function unaryWith(clock: Clock, logger: Logger): Unary {
  return (answer) => (call, callback) => {
    const unaryCall: UnaryCall = {
      markStale() {
        const headers = new Metadata();
        headers.set(STALE_HEADER, 'true');
        call.sendMetadata(headers);
      },
      remainingMs() {
        const leftMs = Number(call.getDeadline()) - clock.wallMs();
        return Math.max(1, Math.min(MAX_REMAINING_MS, leftMs - Math.min(MARGIN_MS, leftMs / 4)));
      },
    };
    answer(call.request, unaryCall).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toGrpcStatus(knownError(error, call.getPath(), logger))),
    );
  };
}

/** The error itself if it is meant for the caller, or else one that says only that there is a bug here. */
export function knownError(error: unknown, what: string, logger: Logger): LbError {
  if (error instanceof LbError) return error;
  const stack = error instanceof Error ? error.stack : undefined;
  logger.error({ what, error: messageOf(error), stack }, 'a call failed unexpectedly; this is a bug');
  return new LbError('INTERNAL', 'the control plane failed unexpectedly; see its log');
}
