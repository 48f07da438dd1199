/** The differences between two states, resource by resource: what a commit changed, or would change. */
import { canonicalJson } from './hash.ts';
import { type Kind, nameOf, type Resource } from './resources.ts';
import type { State, Stored } from './state.ts';

/** A resource, and the commit that last changed it. */
export interface Revised {
  readonly resource: Resource;
  readonly revision: number;
}

export interface Difference {
  readonly action: 'created' | 'updated' | 'deleted';
  readonly kind: Kind;
  /** A backend's is `POOL/ADDRESS`. */
  readonly name: string;
  /** Absent when it was created. */
  readonly before?: Revised;
  /** Absent when it was deleted. */
  readonly after?: Revised;
}

/**
 * Policies, then pools, then backends by pool, then listeners. Parts that both states share by reference are skipped, so
 * that the cost depends on the size of the change.
 */
export function describeChanges(before: State, after: State): Difference[] {
  return [
    ...differences(before.policies, after.policies, (value) => ({ kind: 'policy', value })),
    ...differences(before.pools, after.pools, (value) => ({ kind: 'pool', value })),
    ...poolNames(before, after).flatMap((pool) =>
      differences(before.pools.get(pool)?.backends, after.pools.get(pool)?.backends, (value) => ({
        kind: 'backend',
        value,
      })),
    ),
    ...differences(before.listeners, after.listeners, (value) => ({ kind: 'listener', value })),
  ];
}

type Entries<T> = ReadonlyMap<string, Stored<T>> | undefined;

function differences<T>(
  before: Entries<T>,
  after: Entries<T>,
  toResource: (value: T) => Resource,
): Difference[] {
  if (before === after) return [];
  const found: Difference[] = [];
  const revise = ({ value, revision }: Stored<T>): Revised => ({ resource: toResource(value), revision });
  for (const [key, old] of before ?? []) {
    const now = after?.get(key);
    if (now === old) continue;
    if (now === undefined) found.push(difference('deleted', revise(old), undefined));
    else if (canonicalJson(old.value) !== canonicalJson(now.value)) {
      found.push(difference('updated', revise(old), revise(now)));
    }
  }
  for (const [key, now] of after ?? []) {
    if (before?.has(key) !== true) found.push(difference('created', undefined, revise(now)));
  }
  return found;
}

function difference(
  action: Difference['action'],
  before: Revised | undefined,
  after: Revised | undefined,
): Difference {
  const { resource } = (after ?? before) as Revised;
  return {
    action,
    kind: resource.kind,
    name: nameOf(resource),
    ...(before && { before }),
    ...(after && { after }),
  };
}

function poolNames(before: State, after: State): string[] {
  return before.pools === after.pools ? [] : [...new Set([...before.pools.keys(), ...after.pools.keys()])];
}
