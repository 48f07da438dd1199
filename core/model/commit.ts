/**
 * A commit: one entry of the log in the store. Folding the log gives the state (fold.ts).
 *
 * Invariants
 *  - revisions are 1, 2, 3, ... without holes;
 *  - `hash` covers everything else in the commit, `parent` included, so equal hashes mean equal histories;
 *  - the first commit's parent is `genesisHash(storeId)`, which ties the history to its store.
 */
import { formatOfFields } from './fields/field.ts';
import { FIELDS } from './fields/resource-fields.ts';
import type { HealthCheck, Kind, Resource } from './resources.ts';

/**
 * The newest format of commits, checkpoints and snapshots that this program writes and reads; it reads all before it, too.
 * Each has the lowest format that says everything in it (`formatOf`), so an older program reads it as long as it can run it.
 */
export const FORMAT = 3;

/** The resources that changes put. */
export function putBy(changes: readonly Change[]): Resource[] {
  return changes.flatMap((change) => (change.op === 'put' ? [change.resource] : []));
}

/** The lowest format in which these resources can be written. */
export function formatOf(resources: Iterable<Resource>): number {
  let format = 1;
  for (const resource of resources) {
    format = Math.max(format, formatOfOne(resource));
    if (format === FORMAT) return format;
  }
  return format;
}

function formatOfOne({ kind, value }: Resource): number {
  // A backend without a port, and a listener with a range of them.
  if ((kind === 'backend' || kind === 'listener') && !/:\d+$/.test(value.address)) return 3;
  // Before format 3, a check had to end before the next one.
  if (kind === 'policy' && outlastsInterval(value.healthCheck)) return 3;
  return formatOfFields(FIELDS[kind] ?? {}, value);
}

function outlastsInterval({ timeoutMs, intervalMs, unhealthyIntervalMs = intervalMs }: HealthCheck): boolean {
  return timeoutMs > Math.min(intervalMs, unhealthyIntervalMs);
}

export function isReadable(format: unknown): boolean {
  return typeof format === 'number' && format >= 1 && format <= FORMAT;
}

export type Change =
  | { readonly op: 'put'; readonly resource: Resource }
  /** Deleting a pool deletes its backends. */
  | { readonly op: 'delete'; readonly kind: Kind; readonly name: string }
  /** From here on the store has another id and replaces other stores (store-succession.ts). */
  | { readonly op: 'adopt'; readonly storeId: string; readonly replaces: readonly string[] };

export interface Commit {
  readonly format: number;
  readonly revision: number;
  readonly parent: string;
  readonly hash: string;
  /** Milliseconds since 1970, by the clock of the replica that wrote it. */
  readonly timeMs: number;
  readonly author: string;
  readonly message: string;
  readonly requestId: string;
  /** Hash of the request, so that a request_id that is used again for something else is noticed. */
  readonly requestDigest: string;
  readonly changes: readonly Change[];
}

/** The end of a log. */
export interface Head {
  readonly storeId: string;
  readonly revision: number;
  readonly hash: string;
  /** The ids of the stores that it replaces, its own first id in front. Absent: it replaces none. */
  readonly replaces?: readonly string[];
}

/** A head and the store's version when it was read. Every change of the store increases the version. */
export interface Position extends Head {
  readonly version: number;
}
