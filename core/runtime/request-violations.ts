/** What is wrong with a request by itself, whatever is configured. */
import { type Violation, violationText } from '../model/violation.ts';
import { LbError } from './errors.ts';

/** Throws INVALID_ARGUMENT with all violations, if there are any. */
export function throwIfInvalid(violations: readonly Violation[]): void {
  const [first, ...others] = violations;
  if (first === undefined) return;
  const message =
    others.length === 0 ? `${violationText(first)}.` : `The request has ${violations.length} errors.`;
  throw new LbError('INVALID_ARGUMENT', message, violations);
}

/** Requires a message, or a text such as a name. */
export function required<T>(field: string, value: T | null, violations: Violation[]): T | null {
  if (value === null || value === '') violations.push({ field, description: 'is missing' });
  return value;
}

/** Requires a list to have an item. */
export function requiredItems(field: string, items: readonly unknown[], violations: Violation[]): void {
  if (items.length === 0) violations.push({ field, description: 'is empty; name at least one' });
}
