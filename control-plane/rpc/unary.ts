/** Unary handlers as plain async functions: what they return is the answer, what they throw becomes a status. */
import { type handleUnaryCall, Metadata } from '@grpc/grpc-js';
import type { Clock } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { STALE_HEADER } from '../../core/wire/clients.ts';
import { toGrpcStatus } from '../../core/wire/status.ts';

/** Below the interceptor's own deadline, so that who knows more about the call answers first. */
const MAX_REMAINING_MS = 29_000;
/** What the way back may take. */
const MARGIN_MS = 250;

/** A unary call, for its handler. */
export interface UnaryCall {
  /** The answer comes from memory because the store does not answer. Call it before answering. */
  markStale(): void;
  /** How long its caller will wait, within our own bounds. */
  remainingMs(): number;
}

export type Unary = <Request, Response>(
  answer: (request: Request, call: UnaryCall) => Promise<Response>,
) => handleUnaryCall<Request, Response>;

/** Makes handlers. What is thrown and no LbError is a defect: it is logged here, and the caller learns only that. */
export function unaryWith(clock: Clock, logger: Logger): Unary {
  return (answer) => (call, callback) => {
    const facts: UnaryCall = {
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
    answer(call.request, facts).then(
      (response) => callback(null, response),
      (error: unknown) => callback(toGrpcStatus(knownError(error, call.getPath(), logger))),
    );
  };
}

/** The error itself if it is meant for the caller, or one that says nothing but that there is a defect here. */
export function knownError(error: unknown, what: string, logger: Logger): LbError {
  if (error instanceof LbError) return error;
  const stack = error instanceof Error ? error.stack : undefined;
  logger.error({ what, error: messageOf(error), stack }, 'a call failed unexpectedly: this is a defect');
  return new LbError('INTERNAL', 'something failed here that should not; see the log of the control plane');
}
