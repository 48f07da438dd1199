/** Words of the model ⇄ names of proto enums: `round_robin` ⇄ `STRATEGY_ROUND_ROBIN`. */
import type { Violation } from '../model/violation.ts';

/** `PREFIX_WORD` for a word. */
export function wordToWire<Prefix extends string, Word extends string>(
  prefix: Prefix,
  word: Word,
): `${Prefix}_${Uppercase<Word>}` {
  return `${prefix}_${word.toUpperCase() as Uppercase<Word>}`;
}

/**
 * The word for a value from the wire; undefined when it is unspecified. A value that this program does not know, which
 * a newer peer can send, adds to `violations`.
 */
export function wordFromWire<Word extends string>(
  prefix: string,
  words: readonly Word[],
  value: string | number | undefined,
  field: string,
  violations: Violation[],
): Word | undefined {
  if (value === undefined || value === `${prefix}_UNSPECIFIED`) return undefined;
  const found = words.find((word) => `${prefix}_${word.toUpperCase()}` === value);
  if (found === undefined) {
    violations.push({
      field,
      description: `${String(value)} is not known to this program; use one of ${words.join(', ')}`,
    });
  }
  return found;
}
