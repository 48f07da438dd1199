/** Rules that fields of several kinds of resources share. */
import { didYouMean } from './did-you-mean.ts';
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
