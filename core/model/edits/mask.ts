/** Field masks: which fields of a draft an update means. Paths are those of the proto: `health_check.interval`. */
import { didYouMean } from '../did-you-mean.ts';
import type { FieldPath, Message } from '../fields/field.ts';
import type { Violation } from '../violation.ts';

/** A mask that was read: `has('health_check.interval')` is true for `health_check` too. */
export type Mask = (path: string) => boolean;

const WHOLE: Mask = () => true;

/** Output fields and the name, which an update cannot change: a mask may contain them without effect. */
const IGNORED = ['name', 'revision'];

export interface ReadMask {
  /** Of the paths that are known. */
  readonly has: Mask;
  readonly violations: readonly Violation[];
}

/** Reads the paths of a mask. No paths, or `*`, mean the whole resource. */
export function readMask(paths: readonly string[], known: readonly string[]): ReadMask {
  if (paths.length === 0 || paths.includes('*')) return { has: WHOLE, violations: [] };
  const allowed = [...known, ...IGNORED];
  const violations = paths
    .filter((path) => !allowed.some((candidate) => candidate === path || candidate.startsWith(`${path}.`)))
    .map((path) => ({ field: 'update_mask', description: describeUnknown(path, known) }));
  const has: Mask = (path) => paths.some((named) => named === path || path.startsWith(`${named}.`));
  return { has, violations };
}

function describeUnknown(path: string, known: readonly string[]): string {
  return `"${path}" is not a field that can be updated${didYouMean(path, known)}; use ${known.join(', ')}`;
}

/** The stored resource with the fields of the draft that are named; one that the draft leaves out is left out. */
export function merge(stored: object, draft: object, paths: readonly FieldPath[], has: Mask): Message {
  let merged: Message = { ...stored };
  for (const { path, keys } of paths) {
    const names = path.split('.');
    // A group that is named is replaced whole, so that an empty one differs from none.
    const depth = names.findIndex((_, index) => has(names.slice(0, index + 1).join('.')));
    if (depth >= 0) merged = replaced(merged, draft, keys.slice(0, depth + 1));
  }
  return merged;
}

/** `to` with what `from` has at `keys`, or without it. */
function replaced(to: Message, from: object, [key, ...inner]: readonly string[]): Message {
  if (key === undefined) return to;
  const value = (from as Message)[key];
  const { [key]: old, ...others } = to;
  const next = inner.length === 0 ? value : replaced((old ?? {}) as Message, value ?? {}, inner);
  return next === undefined ? others : { ...others, [key]: next };
}
