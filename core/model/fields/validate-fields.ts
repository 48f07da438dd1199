/** The rules that the tables of fields state, and those that fields of several kinds of resources share. */
import { didYouMean } from '../did-you-mean.ts';
import { formatDuration } from '../duration.ts';
import type { Violation } from '../violation.ts';
import {
  type Field,
  type Fields,
  type ListField,
  type Message,
  modelName,
  type RangeField,
} from './field.ts';

const NAME = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** Every violation of what a table says; `at` is the path of the value. */
export function validateFields(fields: Fields, value: object, at: string): Violation[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const inner = (value as Message)[modelName(name, field.type === 'duration')];
    return inner === undefined ? [] : validateField(field, inner, `${at}.${name}`);
  });
}

function validateField(field: Field, value: unknown, at: string): readonly Violation[] {
  switch (field.type) {
    case 'group':
      return validateFields(field.fields, value as Message, at);
    case 'list':
      return validateItems(field, value as unknown[], at);
    case 'text': {
      const read = field.read?.(value as string) ?? { ok: true };
      return read.ok ? [] : [{ field: at, description: read.description }];
    }
    case 'word':
      return validateWord(at, field.what, value as string, field.words);
    case 'duration':
    case 'count':
      return validateRange(at, field, value as number);
    case 'flag':
    case 'status':
      return [];
  }
}

function validateItems({ item, most, what }: ListField, items: readonly unknown[], at: string): Violation[] {
  const seen = new Set<unknown>();
  const each = items.slice(0, most).flatMap((one, index) => {
    const isRepeated = item.type === 'text' && item.isUnique && seen.has(one);
    seen.add(one);
    if (!isRepeated) return validateField(item, one, `${at}[${index}]`);
    return [
      { field: `${at}[${index}]`, description: `"${one as string}" is listed more than once; keep one` },
    ];
  });
  return [...validateCount(at, items.length, most, what), ...each];
}

export function validateCount(field: string, has: number, most: number, what: string): Violation[] {
  return has <= most ? [] : [{ field, description: `has ${has} ${what}; at most ${most} are allowed` }];
}

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
function validateRange(
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
