/** Fields of the model ⇄ the wire, by their tables: what a draft leaves out is unset, and the other way round. */
import { type Field, type Fields, type Message, modelName } from '../model/fields/field.ts';
import type { Violation } from '../model/violation.ts';
import { durationFromWire, durationToWire } from './duration-codec.ts';
import { wordFromWire, wordToWire } from './enum-codec.ts';
import type { Duration__Output } from './generated/google/protobuf/Duration.ts';

/** A draft as its message. */
export function messageToWire(fields: Fields, value: Message): Message {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const inner = value[modelName(name, field.type === 'duration')];
      return inner === undefined ? [] : [[modelName(name, false), fieldToWire(field, inner)]];
    }),
  );
}

function fieldToWire(field: Field, value: unknown): unknown {
  if (field.type === 'group') return messageToWire(field.fields, value as Message);
  if (field.type === 'list') return (value as unknown[]).map((item) => fieldToWire(field.item, item));
  if (field.type === 'duration') return durationToWire(value as number);
  const prefix = field.type === 'word' ? field.prefix : undefined;
  return prefix === undefined ? value : wordToWire(prefix, value as string);
}

/** The draft that a message has; what it can't be read from is left out, with a violation. */
export function messageFromWire(
  fields: Fields,
  wire: Message,
  path: string,
  violations: Violation[],
): Message {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([name, field]) => {
      const set = wire[modelName(name, false)] ?? undefined;
      const value = set === undefined ? set : fieldFromWire(field, set, `${path}.${name}`, violations);
      return value === undefined ? [] : [[modelName(name, field.type === 'duration'), value]];
    }),
  );
}

/** Undefined for what is unset, and for a list without items. */
function fieldFromWire(field: Field, value: unknown, path: string, violations: Violation[]): unknown {
  if (field.type === 'group') return messageFromWire(field.fields, value as Message, path, violations);
  if (field.type === 'duration') return durationFromWire(value as Duration__Output);
  if (field.type === 'word' && field.prefix !== undefined) {
    return wordFromWire(field.prefix, field.words, value as string, path, violations);
  }
  if (field.type !== 'list') return value;
  const items = value as unknown[];
  if (items.length === 0) return undefined;
  return items.map((item, index) => fieldFromWire(field.item, item, `${path}[${index}]`, violations));
}
