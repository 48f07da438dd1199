/** The rules that the tables of fields state, and those that fields of several kinds of resources share. */
import { didYouMean } from '../did-you-mean.ts';
import { formatDuration } from '../duration.ts';
import type { Violation } from '../violation.ts';
import { type Field, type Fields, type Message, modelName, type RangeField, type Reader } from './field.ts';

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
    case 'groups': {
      const items = value as Message[];
      const each = items
        .slice(0, field.most)
        .flatMap((item, index) => validateFields(field.fields, item, `${at}[${index}]`));
      return [...validateCount(at, items.length, field.most, 'items'), ...each];
    }
    case 'texts':
      return validateTexts(field, value as string[], at);
    case 'text':
      return validateText(field.read, value as string, at);
    case 'word':
      return validateWord(at, field.what, value as string, field.words);
    case 'duration':
    case 'count':
      return validateRange(at, field, value as number);
    case 'flag':
    case 'statuses':
    case 'steps':
      return [];
  }
}

function validateTexts(
  { read, most, what }: Extract<Field, { type: 'texts' }>,
  items: readonly string[],
  at: string,
): Violation[] {
  const first = new Map<string, number>();
  const each = items.slice(0, most).flatMap((item, index) => {
    const before = first.get(item);
    if (before === undefined) first.set(item, index);
    else return [{ field: `${at}[${index}]`, description: `"${item}" is listed more than once; keep one` }];
    return validateText(read, item, `${at}[${index}]`);
  });
  return [...validateCount(at, items.length, most, what), ...each];
}

function validateText(read: Reader | undefined, text: string, field: string): Violation[] {
  const found = read?.(text) ?? { ok: true };
  return found.ok ? [] : [{ field, description: found.description }];
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
