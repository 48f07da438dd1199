/** The keys of a store, the same in every kind of store. etcd puts its prefix before them. */

/** The end of the log: a Head. */
export const HEAD_KEY = 'head';

/** What every key of ours in etcd starts with. */
export const ETCD_PREFIX = '/equipoise/';

/** The key of a commit. Padded, so that keys sort as revisions do. */
export function logKey(revision: number): string {
  return `log/${padded(revision)}`;
}

/** The key of a checkpoint's mark. */
export function markKey(revision: number): string {
  return `mark/${padded(revision)}`;
}

/** What the keys of all chunks of one checkpoint start with: its revision, then its writer. */
export function chunkPrefix(revision: number, writer: string): string {
  return `chunk/${padded(revision)}/${writer}/`;
}

/** The key of a part of a checkpoint. */
export function chunkKey(revision: number, writer: string, index: number): string {
  return `${chunkPrefix(revision, writer)}${String(index).padStart(6, '0')}`;
}

/** The first key behind all keys that start with `prefix`, which ends in a slash. */
export function behind(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

/** All chunks of checkpoints older than `revision`, whoever wrote them. */
export function chunksBefore(revision: number): { readonly start: string; readonly end: string } {
  return { start: 'chunk/', end: `chunk/${padded(revision)}/` };
}

function padded(revision: number): string {
  return String(revision).padStart(16, '0');
}
