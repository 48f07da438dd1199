/**
 * Reads a YAML (or JSON) node as a shape says: every problem at once, each with its place; and remembers where each
 * field stands, so that what a server says about a field can be traced back to a line.
 *
 * Invariants
 *  - the depth of a walk is that of the shape, whatever the file holds, so aliases can't make it endless;
 *  - a value comes out only where nothing was wrong with it.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, type Node, type YAMLMap } from 'yaml';
import { canonicalAddress } from '../../core/model/address.ts';
import { parseDuration } from '../../core/model/duration.ts';
import { didYouMean } from '../../core/model/nearest.ts';
import type { ObjectShape, Shape } from './shape.ts';

export interface Place {
  readonly file: string;
  readonly line: number;
}

export interface Problem {
  readonly place: Place;
  readonly path: string;
  readonly description: string;
}

export interface Walk {
  readonly document: Document;
  readonly placeOf: (node: Node | null) => Place;
  readonly problems: Problem[];
  /** Path, as violations name it, to where it stands. */
  readonly places: Map<string, Place>;
}

/** The value of `node`, or undefined and at least one problem. */
export function readShape(walk: Walk, node: Node | null, shape: Shape, path: string): unknown {
  const found = resolve(walk, node);
  walk.places.set(path, walk.placeOf(node));
  const refuse = (description: string) => {
    walk.problems.push({ place: walk.placeOf(node), path, description });
    return undefined;
  };
  if (found === null || (isScalar(found) && found.value === null)) {
    return refuse('is empty; give it a value or leave the field out');
  }
  switch (shape.type) {
    case 'object':
      return isMap(found)
        ? readObject(walk, found, shape, path)
        : refuse(`is ${nameOf(found)}, and must be ${shape.what} with ${fieldList(shape)}`);
    case 'list':
      if (!isSeq(found)) return refuse(`is ${nameOf(found)}, and must be a list`);
      return found.items.map((item, index) => {
        const itemNode = item as Node | null;
        return readShape(
          walk,
          itemNode,
          shape.item,
          `${path}[${keyOf(walk, itemNode, shape.item) ?? index}]`,
        );
      });
    case 'text':
    case 'duration':
    case 'count':
    case 'word': {
      const read = readScalar(isScalar(found) ? found.value : found, found, shape);
      return read.ok ? read.value : refuse(read.description);
    }
  }
}

function readObject(walk: Walk, map: YAMLMap, shape: ObjectShape, path: string): unknown {
  const value: Record<string, unknown> = {};
  for (const pair of map.items) {
    const key = pair.key as Node;
    const name = isScalar(key) ? String(key.value) : key.toString();
    const field = Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
    if (field === undefined) {
      walk.problems.push({
        place: walk.placeOf(key),
        path: `${path}.${name}`,
        description: unknownField(name, shape),
      });
      continue;
    }
    const place = walk.placeOf(key);
    value[field.as] = readShape(walk, pair.value as Node | null, field.shape, `${path}.${name}`);
    walk.places.set(`${path}.${name}`, place);
  }
  for (const [name, field] of Object.entries(shape.fields)) {
    if (field.required && !map.has(name)) {
      walk.problems.push({
        place: walk.placeOf(map),
        path,
        description: `has no ${name}, which ${shape.what} must have`,
      });
    }
  }
  return value;
}

function unknownField(name: string, shape: ObjectShape): string {
  if (name === 'revision') return 'is set by the control plane and can’t be declared; leave it out';
  const meant = didYouMean(name, Object.keys(shape.fields));
  return `is no field of ${shape.what}${meant}; allowed are ${fieldList(shape)}`;
}

/** The text of the field that names an object among its like; an address in the form that violations use. */
export function keyOf(walk: Walk, node: Node | null, shape: ObjectShape): string | undefined {
  const map = resolve(walk, node);
  if (!isMap(map) || shape.key === undefined) return undefined;
  const key = map.get(shape.key);
  if (typeof key !== 'string') return undefined;
  return shape.key === 'address' ? canonicalAddress(key) : key;
}

/** What an alias stands for; anything else is itself. */
export function resolve(walk: Walk, node: Node | null): Node | null {
  return isAlias(node) ? (node.resolve(walk.document) ?? null) : node;
}

type Read =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly description: string };

function readScalar(value: unknown, node: Node, shape: Exclude<Shape, { type: 'object' | 'list' }>): Read {
  const refuse = (description: string): Read => ({ ok: false, description });
  switch (shape.type) {
    case 'text':
      if (typeof value === 'string') return { ok: true, value };
      return refuse(`is ${nameOf(node)}, and must be text${isScalar(node) ? ': put it in quotes' : ''}`);
    case 'count':
      if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return { ok: true, value };
      return refuse(`is ${nameOf(node)}, and must be a whole number, 0 or more`);
    case 'word':
      if (typeof value === 'string' && shape.words.includes(value)) return { ok: true, value };
      return refuse(
        `is ${nameOf(node)}${didYouMean(String(value), shape.words)}; allowed are ${shape.words.join(', ')}`,
      );
    case 'duration': {
      if (typeof value !== 'string') {
        return refuse(
          `is ${nameOf(node)}, and must be a duration with a unit, such as 250ms, 5s, 1m30s or 1h`,
        );
      }
      const parsed = parseDuration(value);
      return parsed.ok ? { ok: true, value: parsed.ms } : refuse(parsed.description);
    }
  }
}

function nameOf(node: Node): string {
  if (isMap(node)) return 'a set of fields';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node)) return 'something else';
  return typeof node.value === 'string' ? `"${node.value}"` : `${typeof node.value} ${String(node.value)}`;
}

function fieldList(shape: ObjectShape): string {
  return Object.keys(shape.fields).join(', ');
}
