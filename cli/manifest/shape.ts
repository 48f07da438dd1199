/** What manifests look like: each kind with its fields, by the tables of the model. */
import type { ResourceDraft } from '../../core/model/draft.ts';
import type { Field, Fields } from '../../core/model/fields/field.ts';
import { BACKEND_FIELDS, LISTENER_FIELDS, POOL_FIELDS } from '../../core/model/fields/resource-fields.ts';
import { POLICY_FIELDS } from '../../core/model/policy/policy-fields.ts';
import { type Plain, plainOf } from '../../core/view/plain.ts';

export type Shape =
  /** A duration is whole milliseconds in the model. */
  | { readonly type: 'text' | 'duration' | 'count' | 'flag' }
  /** Text that is often a number, and then needs no quotes. */
  | { readonly type: 'status' }
  | { readonly type: 'word'; readonly words: readonly string[] }
  | ListShape
  | ObjectShape;

export interface ListShape {
  readonly type: 'list';
  readonly item: Shape;
  /** It has at least one item. */
  readonly filled?: true;
}

export interface ObjectShape {
  readonly type: 'object';
  /** What errors call it: "a backend". */
  readonly what: string;
  readonly fields: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  /** It has exactly one of its fields. */
  readonly single?: true;
  /** The field that tells one from the others in a list. */
  readonly key?: string;
}

const TEXT: Shape = { type: 'text' };
const STEP: ObjectShape = {
  type: 'object',
  what: 'a step',
  single: true,
  fields: { send: TEXT, expect: TEXT, send_secret: TEXT },
};

function shapesOf(fields: Fields): ObjectShape['fields'] {
  return Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, shapeOf(field)]));
}

function shapeOf(field: Field): Shape {
  switch (field.type) {
    case 'group':
      return { type: 'object', what: field.what, fields: shapesOf(field.fields) };
    case 'groups': {
      const { what, required } = field;
      return {
        type: 'list',
        item: { type: 'object', what, required: [required], fields: shapesOf(field.fields) },
      };
    }
    case 'texts':
      return { type: 'list', item: TEXT };
    case 'steps':
      return { type: 'list', item: STEP, filled: true };
    case 'statuses':
      return { type: 'list', item: { type: 'status' }, filled: true };
    case 'duration':
    case 'count':
    case 'word':
    case 'text':
    case 'flag':
      return field;
  }
}

const POLICY: ObjectShape = {
  type: 'object',
  what: 'a policy',
  key: 'name',
  required: ['name'],
  fields: { name: TEXT, ...shapesOf(POLICY_FIELDS) },
};

const BACKEND: ObjectShape = {
  type: 'object',
  what: 'a backend',
  key: 'address',
  required: ['address'],
  fields: shapesOf(BACKEND_FIELDS),
};

const POOL: ObjectShape = {
  type: 'object',
  what: 'a pool',
  key: 'name',
  required: ['name'],
  fields: { name: TEXT, ...shapesOf(POOL_FIELDS), backends: { type: 'list', item: BACKEND } },
};

const LISTENER: ObjectShape = {
  type: 'object',
  what: 'a listener',
  key: 'name',
  required: ['name', 'address'],
  fields: { name: TEXT, ...shapesOf(LISTENER_FIELDS) },
};

/** The word that a manifest has for its `kind`. */
export const KIND_WORDS = { policy: 'Policy', pool: 'Pool', listener: 'Listener' } as const;

/** By that word, in the order in which an export lists them. */
export const SHAPES: Readonly<
  Record<
    string,
    { readonly kind: keyof typeof KIND_WORDS; readonly plural: string; readonly shape: ObjectShape }
  >
> = {
  Policy: { kind: 'policy', plural: 'policies', shape: POLICY },
  Pool: { kind: 'pool', plural: 'pools', shape: POOL },
  Listener: { kind: 'listener', plural: 'listeners', shape: LISTENER },
};

/** A draft as a manifest has it; what the draft leaves out is left out. */
export function toManifest({ kind, value }: ResourceDraft): Plain {
  return { kind: KIND_WORDS[kind], ...plainOf(value) };
}
