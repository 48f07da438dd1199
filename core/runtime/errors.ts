/**
 * The one error that crosses our interfaces: a code of a closed set, words for a person, and every violation.
 * core/wire/status.ts maps the codes to gRPC statuses and back.
 */
import type { Violation } from '../model/violation.ts';

export const ERROR_CODES = [
  'INVALID_ARGUMENT',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  /** Something else must change first: `violations` say what. */
  'FAILED_PRECONDITION',
  /** Someone else changed it in between: read again. */
  'ABORTED',
  /** Nothing was written; try again later. */
  'UNAVAILABLE',
  /** It is not known yet whether it was written; repeating the same request_id tells. */
  'OUTCOME_UNKNOWN',
  /** A limit was reached that an operator must raise. */
  'RESOURCE_EXHAUSTED',
  /** No token, or one that is not accepted. */
  'UNAUTHENTICATED',
  'INTERNAL',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

export class LbError extends Error {
  readonly code: ErrorCode;
  readonly violations: readonly Violation[];

  constructor(code: ErrorCode, message: string, violations: readonly Violation[] = [], cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'LbError';
    this.code = code;
    this.violations = violations;
  }
}

/** The words of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
