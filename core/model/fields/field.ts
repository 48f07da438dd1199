/**
 * What the fields of a resource may be. The tables made of these (policy-fields.ts, resource-fields.ts) say how users write a
 * field, what it may be, its default, and where the model has it: drafts, masks, ranges, the wire and manifests go by them.
 */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly description: string };

/** Reads a text: its canonical form, or what is wrong with it. */
export type Reader = (text: string) => Read<unknown>;

export interface RangeField {
  readonly type: 'duration' | 'count';
  readonly min: number;
  readonly max: number;
  /** The meaning of 0 where 0 is allowed although it is below `min`. */
  readonly zero: string | undefined;
}

export interface GroupField {
  readonly type: 'group';
  /** What errors call it. */
  readonly what: string;
  readonly fields: Fields;
  readonly required?: readonly string[];
  /** It has exactly one of its fields. */
  readonly single?: true;
  /** The field that tells one from the others in a list. */
  readonly key?: string;
}

export interface ListField {
  readonly type: 'list';
  readonly item: Leaf | GroupField;
  /** What errors call the items. */
  readonly what: string;
  readonly most: number;
  /** A manifest that names it gives at least one item. */
  readonly filled?: true;
}

export type Leaf =
  | RangeField
  /** `prefix`: of the values of its enum on the wire; left out: they are texts. */
  | {
      readonly type: 'word';
      readonly prefix?: string;
      readonly what: string;
      readonly words: readonly string[];
    }
  | { readonly type: 'text'; readonly read?: Reader; readonly isUnique?: true }
  /** Text that is often a number, and then needs no quotes. */
  | { readonly type: 'status' | 'flag' };

export type Field = (Leaf | GroupField | ListField) & Extras;
export type Fields = Readonly<Record<string, Field>>;

interface Extras {
  /** Without one, a field that a draft leaves out stays left out. */
  readonly default?: unknown;
  /** What has its default is left out, so that resources from before this field keep their hashes. */
  readonly isLeftOut?: true;
  /** What a program must read that is given this field (commit.ts). Left out: 1. */
  readonly format?: number;
}

export const duration = (min: number, max: number, zero?: string): Leaf => {
  return { type: 'duration', min, max, zero };
};
export const count = (min: number, max: number, zero?: string): Leaf => ({ type: 'count', min, max, zero });
export const word = (prefix: string, what: string, words: readonly string[]): Leaf => {
  return { type: 'word', prefix, what, words };
};
export const text = (read?: Reader): Leaf => ({ type: 'text', ...(read && { read }) });
export const FLAG: Leaf = { type: 'flag' };
export const group = (what: string, fields: Fields): GroupField => ({ type: 'group', what, fields });
export const list = (what: string, most: number, item: ListField['item']): ListField => {
  return { type: 'list', what, most, item };
};
/** A list of texts, none of them twice. */
export const texts = (what: string, most: number, read: Reader): ListField => {
  return list(what, most, { type: 'text', read, isUnique: true });
};

/** A field that a complete resource always has. */
export const filled = <F extends Field>(field: F, value: unknown): F => ({ ...field, default: value });
/** A field that a complete resource has where it differs from its default. */
export const leftOut = <F extends Field>(field: F, value?: unknown, format = 3): F => {
  return { ...field, default: value, isLeftOut: true, format };
};

/** By the name that users write: of 2,000 policies, each field of each is named when they travel. */
const named = new Map<string, string>();

/** The name in the model: `healthCheck` for `health_check`, and `intervalMs` for the duration `interval`. */
export function modelName(written: string, isDuration: boolean): string {
  const name =
    named.get(written) ?? written.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  named.set(written, name);
  return isDuration ? `${name}Ms` : name;
}

export interface FieldPath {
  /** `health_check.interval` */
  readonly path: string;
  /** Where a resource and a draft have it: `healthCheck`, `intervalMs`. */
  readonly keys: readonly string[];
  readonly field: Exclude<Field, GroupField>;
}

/** The fields that are no groups. */
export function pathsOf(fields: Fields, at = '', outer: readonly string[] = []): FieldPath[] {
  return Object.entries(fields).flatMap(([name, field]): FieldPath[] => {
    const keys = [...outer, modelName(name, field.type === 'duration')];
    if (field.type === 'group') return pathsOf(field.fields, `${at}${name}.`, keys);
    return [{ path: `${at}${name}`, keys, field }];
  });
}

export type Message = Readonly<Record<string, unknown>>;

/** A draft with every field that a complete resource has, texts in their canonical form. */
export function complete(fields: Fields, draft: Message): Message {
  const pairs = Object.entries(fields).flatMap(([name, field]): [string, unknown][] => {
    const key = modelName(name, field.type === 'duration');
    const value = completeValue(field, draft[key]);
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(pairs);
}

function completeValue(field: Field, given: unknown): unknown {
  const known = given ?? (field.isLeftOut ? undefined : field.default);
  if (known === undefined) return undefined;
  const value = canonicalValue(field, known);
  return field.isLeftOut && isDefault(field, value) ? undefined : value;
}

function canonicalValue(field: Field, given: unknown): unknown {
  if (field.type === 'group') return complete(field.fields, given as Message);
  if (field.type === 'list') return (given as unknown[]).map((item) => canonicalValue(field.item, item));
  // A text that can't be read stays as it is, for validation to refuse.
  const read = field.type === 'text' ? field.read?.(given as string) : undefined;
  return read?.ok ? read.value : given;
}

function isDefault(field: Field, value: unknown): boolean {
  if (field.type === 'list') return (value as unknown[]).length === 0;
  // A group that is there says something, unless all that it says is its default.
  return field.type === 'group'
    ? field.default !== undefined && JSON.stringify(value) === JSON.stringify(field.default)
    : value === field.default;
}

/** The lowest format that has every field of this value. */
export function formatOfFields(fields: Fields, value: object): number {
  const formats = Object.entries(fields).map(([name, field]) => {
    const inner = (value as Message)[modelName(name, field.type === 'duration')];
    if (inner === undefined) return 1;
    return field.format ?? (field.type === 'group' ? formatOfFields(field.fields, inner as object) : 1);
  });
  return Math.max(1, ...formats);
}
