/** Field masks: which fields of a draft an update means. Paths are those of the proto: `health_check.interval`. */
import { didYouMean } from '../did-you-mean.ts';
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
