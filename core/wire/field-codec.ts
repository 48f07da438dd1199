/** Fields of the model ⇄ the wire, by their tables: what a draft leaves out is unset, and the other way round. */
import { type Field, type Fields, type Message, modelName } from '../model/fields/field.ts';
import type { Violation } from '../model/violation.ts';
import { durationFromWire, durationToWire } from './duration-codec.ts';
import { wordFromWire, wordToWire } from './enum-codec.ts';
import type { Duration__Output } from './generated/google/protobuf/Duration.ts';
import type { ScriptStep__Output } from './generated/lb/v1/ScriptStep.ts';

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
  if (field.type === 'groups') return (value as Message[]).map((item) => messageToWire(field.fields, item));
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

/** Undefined for what is unset. A step that names nothing is left for validation to refuse. */
function fieldFromWire(field: Field, value: unknown, path: string, violations: Violation[]): unknown {
  switch (field.type) {
    case 'group':
      return messageFromWire(field.fields, value as Message, path, violations);
    case 'duration':
      return durationFromWire(value as Duration__Output);
    case 'word':
      return field.prefix === undefined
        ? value
        : wordFromWire(field.prefix, field.words, value as string, path, violations);
    case 'groups':
      return unlessEmpty(
        (value as Message[]).map((item, index) =>
          messageFromWire(field.fields, item, `${path}[${index}]`, violations),
        ),
      );
    case 'texts':
    case 'statuses':
      return unlessEmpty(value as string[]);
    case 'steps':
      return unlessEmpty(
        (value as ScriptStep__Output[]).map(({ step, ...texts }) => (step ? { [step]: texts[step] } : {})),
      );
    case 'text':
    case 'count':
    case 'flag':
      return value;
  }
}

const unlessEmpty = (items: readonly unknown[]) => (items.length > 0 ? items : undefined);
