/** Rules that fields of several kinds of resources share. */
import { didYouMean } from './did-you-mean.ts';
import { formatDuration } from './duration.ts';
import type { RangeField } from './policy/policy-fields.ts';
import type { Violation } from './violation.ts';

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** A name, as of a resource. */
export function validateName(field: string, name: string): Violation[] {
  if (NAME.test(name)) return [];
  const what = name === '' ? 'is missing' : `"${name}" is not a valid name`;
  const description = `${what}; use 1 to 63 characters of a-z, 0-9 and -, with no - at the start or the end`;
  return [{ field, description }];
}

/** A word that must be one of a closed set. */
export function validateWord(
  field: string,
  what: string,
  word: string,
  allowed: readonly string[],
): readonly Violation[] {
  if (allowed.includes(word)) return [];
  const description = `"${word}" is not a ${what}${didYouMean(word, allowed)}; use one of ${allowed.join(', ')}`;
  return [{ field, description }];
}

/** A number or a duration in milliseconds. */
export function validateRange(
  field: string,
  { min, max, type, zero }: RangeField,
  value: number,
): readonly Violation[] {
  const inRange = value >= min && value <= max;
  if (Number.isInteger(value) && (inRange || (value === 0 && zero !== undefined))) return [];
  const show = type === 'duration' ? formatDuration : String;
  const isReadable = Number.isInteger(value) && value >= 0;
  const shown = isReadable ? show(value) : type === 'duration' ? `${value}ms` : String(value);
  const kind = type === 'duration' ? 'a whole number of milliseconds' : 'a whole number';
  const orZero = zero === undefined ? '' : `, or ${show(0)}, which means ${zero}`;
  const description = `is ${shown}; it must be ${kind} from ${show(min)} to ${show(max)}${orZero}`;
  return [{ field, description }];
}
