/**
 * Reads a YAML (or JSON) node as a shape says: every problem at once, each with its line; and remembers the line of each
 * field, so that what a server says about a field can be traced back to it.
 *
 * Invariants
 *  - it goes as deep as the shape, whatever the file holds, so aliases can't make it endless;
 *  - a value comes out only where nothing was wrong with it.
 */
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap, type YAMLSeq } from 'yaml';
import { canonicalAddress } from '../../core/model/address.ts';
import { parseDuration } from '../../core/model/duration.ts';
import { didYouMean } from '../../core/model/did-you-mean.ts';
import {
  type Field,
  type GroupField,
  type Leaf,
  type ListField,
  modelName,
} from '../../core/model/fields/field.ts';

/** FILE:LINE */
export type SourceLine = string;

export interface Problem {
  readonly line: SourceLine;
  /** Empty: it is about the whole resource. */
  readonly path: string;
  readonly description: string;
}

/** One document that is being read, and what was found so far. */
export interface Reading {
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>;
  readonly lineOf: (node: Node | null) => SourceLine;
  readonly problems: Problem[];
  /** By path, as violations name it. */
  readonly lines: Map<string, SourceLine>;
  /** How many more are read of this file. */
  readonly values: { left: number };
}

const EMPTY = 'is empty; give it a value or leave the field out';

/** The value of `node`, or undefined and at least one problem. */
export function readValue(reading: Reading, node: Node | null, shape: Field, path: string): unknown {
  const refuse = (description: string) => addProblem(reading, node, path, description);
  reading.values.left -= 1;
  if (reading.values.left <= 0) {
    const isFirst = reading.values.left === 0;
    return isFirst
      ? refuse('is where the file becomes too large, with what its aliases stand for')
      : undefined;
  }
  const found = resolve(reading, node);
  reading.lines.set(path, reading.lineOf(node));
  return isAlias(found) ? undefined : readFound(reading, found, shape, path, refuse);
}

function readFound(
  reading: Reading,
  found: Node | null,
  shape: Field,
  path: string,
  refuse: (description: string) => undefined,
): unknown {
  if (found === null || (isScalar(found) && found.value === null)) {
    return refuse(EMPTY);
  }
  if (shape.type === 'group') {
    return isMap(found)
      ? readObject(reading, found, shape, path)
      : refuse(`is ${nameOf(found)}, but must be ${shape.what} with ${fieldList(shape)}`);
  }
  if (shape.type === 'list') {
    if (!isSeq(found)) {
      const remedy = isScalar(found) ? '; put it in [brackets]' : '';
      return refuse(`is ${nameOf(found)}, but must be a list${remedy}`);
    }
    return shape.filled && found.items.length === 0 ? refuse(EMPTY) : readList(reading, found, shape, path);
  }
  const read = readScalar(found, shape);
  return 'value' in read ? read.value : refuse(read.description);
}

function readList(reading: Reading, { items }: YAMLSeq, { item: shape }: ListField, path: string): unknown {
  return (items as (Node | null)[])
    .map((item, index) => readValue(reading, item, shape, `${path}[${keyOf(reading, item, shape) ?? index}]`))
    .filter((value) => value !== undefined);
}

function readObject(reading: Reading, map: YAMLMap, shape: GroupField, path: string): unknown {
  const value: Record<string, unknown> = {};
  for (const pair of map.items) {
    const key = pair.key as Node;
    const name = isScalar(key) ? String(key.value) : key.toString();
    const fieldPath = `${path}.${name}`;
    const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    if (field === undefined) addProblem(reading, key, fieldPath, unknownField(name, shape));
    else {
      const inner = readValue(reading, pair.value as Node | null, field, fieldPath);
      if (inner !== undefined) value[modelName(name, field.type === 'duration')] = inner;
      reading.lines.set(fieldPath, reading.lineOf(key));
    }
  }
  for (const name of shape.required ?? []) {
    if (!map.has(name)) addProblem(reading, map, path, `has no ${name}, which ${shape.what} must have`);
  }
  if (shape.single && map.items.length !== 1) {
    addProblem(reading, map, path, `must have exactly one of ${fieldList(shape)}`);
  }
  return value;
}

export function addProblem(
  { problems, lineOf }: Reading,
  node: Node | null,
  path: string,
  description: string,
): undefined {
  problems.push({ line: lineOf(node), path, description });
}

function unknownField(name: string, shape: GroupField): string {
  if (name === '<<') return 'would merge fields, which manifests do not; write them out';
  if (name === 'revision') return 'is set by the control plane and can’t be declared; leave it out';
  const hint = didYouMean(name, Object.keys(shape.fields));
  return `is not a field of ${shape.what}${hint}; allowed are ${fieldList(shape)}`;
}

/** The text of the field that tells an object from the others; an address in the form that violations use. */
export function keyOf(reading: Reading, node: Node | null, shape: Field): string | undefined {
  if (shape.type !== 'group') return undefined;
  const map = resolve(reading, node);
  const key = isMap(map) && shape.key !== undefined ? map.get(shape.key) : undefined;
  if (typeof key !== 'string') return undefined;
  return shape.key === 'address' ? canonicalAddress(key) : key;
}

/** What an alias stands for; anything else is itself, and so is an alias of nothing, which inspect.ts reports. */
export function resolve({ targets }: Reading, node: Node | null): Node | null {
  return isAlias(node) ? (targets.get(node) ?? node) : node;
}

/** Characters of a wrong value. */
const MAX_SHOWN = 60;

function readScalar(node: Node, shape: Leaf): { readonly value: unknown } | { readonly description: string } {
  const value: unknown = isScalar(node) ? node.value : node;
  const mustBe = (what: string) => ({ description: `is ${nameOf(node)}, but must be ${what}` });
  switch (shape.type) {
    case 'status':
      return readText(node, typeof value === 'number' ? String(value) : value);
    case 'text':
      return readText(node, value);
    case 'count':
      return isCount(value) ? { value } : mustBe('a whole number, 0 or more');
    case 'flag':
      return typeof value === 'boolean' ? { value } : mustBe('true or false');
    case 'word':
      return readWord(node, value, shape.words);
    case 'duration': {
      if (typeof value !== 'string') return mustBe('a duration with a unit, such as 250ms, 5s, 1m30s or 1h');
      const parsed = parseDuration(value);
      return parsed.ok ? { value: parsed.ms } : parsed;
    }
  }
}

function readText(node: Node, value: unknown) {
  if (typeof value === 'string') return { value };
  const quotes = isScalar(node) ? ': put it in quotes' : '';
  return { description: `is ${nameOf(node)}, but must be text${quotes}` };
}

/** A word may be a number, such as 1.3. */
function readWord(node: Node, value: unknown, words: readonly string[]) {
  const word = typeof value === 'number' ? String(value) : value;
  if (typeof word === 'string' && words.includes(word)) return { value: word };
  const description = `is ${nameOf(node)}${didYouMean(String(value), words)}; allowed are ${words.join(', ')}`;
  return { description };
}

function isCount(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function nameOf(node: Node): string {
  if (isMap(node)) return 'a set of fields';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node)) return 'something else';
  const text = String(node.value);
  const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
  return typeof node.value === 'string' ? `"${shown}"` : `the ${typeof node.value} ${shown}`;
}

function fieldList(shape: GroupField): string {
  return Object.keys(shape.fields).join(', ');
}
