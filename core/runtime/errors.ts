/**
 * The one error that crosses our interfaces: a code of a closed set, a message for a person, and every violation.
 * core/wire/status.ts maps the codes to gRPC statuses and back.
 */
import type { Violation } from '../model/violation.ts';

/** Every code, and whether the same call may succeed later without anybody changing anything. */
const RETRYABLE = {
  INVALID_ARGUMENT: false,
  NOT_FOUND: false,
  ALREADY_EXISTS: false,
  /** Something else must change first: `violations` say what. */
  FAILED_PRECONDITION: false,
  /** Somebody else changed it meanwhile: read it again, then decide anew. */
  ABORTED: false,
  /** Nothing was written. */
  UNAVAILABLE: true,
  /** It is not known yet whether the change was written; repeating it with the same request_id tells. */
  OUTCOME_UNKNOWN: true,
  /** A limit was reached that an operator must raise. */
  RESOURCE_EXHAUSTED: false,
  /** The call carried no token, or one that is not accepted. */
  UNAUTHENTICATED: false,
  INTERNAL: false,
} as const;
export type ErrorCode = keyof typeof RETRYABLE;
export const ERROR_CODES = Object.keys(RETRYABLE) as readonly ErrorCode[];

export class LbError extends Error {
  readonly code: ErrorCode;
  readonly violations: readonly Violation[];
  /** The same call may succeed later, perhaps at another replica, without anybody changing anything. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, violations: readonly Violation[] = [], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LbError';
    this.code = code;
    this.violations = violations;
    this.retryable = RETRYABLE[code];
  }
}

/** The message of anything that was thrown; never empty, and never just `undefined`. */
export function messageOf(error: unknown): string {
  if (typeof error === 'string' && error !== '') return error;
  // A failed connect to several addresses has a message for each, and none of its own.
  if (error instanceof AggregateError && error.message === '' && error.errors.length > 0) {
    return error.errors.map(messageOf).join('; ');
  }
  const { message, details, code, name } = Object(error ?? {}) as Record<string, unknown>;
  const words = [message, details, code, name].find((text) => text !== '' && text !== undefined);
  return typeof words === 'string' || typeof words === 'number' ? String(words) : 'unknown error';
}
