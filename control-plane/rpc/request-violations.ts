/** What is wrong with a request by itself, whatever is configured. */
import type { Violation } from '../../core/model/violation.ts';
import { LbError } from '../../core/runtime/errors.ts';

/** Throws INVALID_ARGUMENT with all of them. */
export function refuseIfAny(violations: readonly Violation[]): void {
  const [first, ...others] = violations;
  if (first === undefined) return;
  const message =
    others.length === 0
      ? `${first.field} ${first.description}.`
      : `${violations.length} things are wrong with the request.`;
  throw new LbError('INVALID_ARGUMENT', message, violations);
}
