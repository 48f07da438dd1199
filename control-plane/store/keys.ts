/** The keys of a store, the same in etcd and LMDB. etcd has its prefix in front of them. */

/** What every key of ours in etcd starts with, unless a flag says otherwise. */
export const ETCD_PREFIX = '/equipoise/';

/** The key of the Head: where the log ends. */
export const HEAD_KEY = 'head';

/** The key, in etcd alone, that names the store and the cluster in which it lives. Beside the head, to be read with it. */
export const HOME_KEY = 'head/home';
/** The first key after both. */
export const HEAD_END = 'head0';

/** The key, in LMDB alone, of what etcd counts by itself: it grows with every change. */
export const VERSION_KEY = 'version';

/** What the keys of members and, in etcd, of their leases start with. */
export const MEMBER_PREFIX = 'member/';
export const ALIVE_PREFIX = 'member/alive/';
/** The first key after both. */
export const MEMBER_END = 'member0';

/** The key of a commit. Padded, so that keys sort as revisions do. */
export function logKey(revision: number): string {
  return `log/${padded(revision)}`;
}

/** The key of a checkpoint's mark. */
export function markKey(revision: number): string {
  return `mark/${padded(revision)}`;
}

/** What the keys of one checkpoint's chunks start with. */
export function chunkPrefix(revision: number, writer: string): string {
  return `chunk/${padded(revision)}/${writer}/`;
}

/** The key of one chunk of a checkpoint. */
export function chunkKey(revision: number, writer: string, index: number): string {
  return `${chunkPrefix(revision, writer)}${String(index).padStart(6, '0')}`;
}

/** The first key after all that start with `prefix`, which ends in a slash. */
export function endOf(prefix: string): string {
  return `${prefix.slice(0, -1)}0`;
}

/** The chunks of all checkpoints older than `revision`, whoever wrote them. */
export function chunksBefore(revision: number): { readonly start: string; readonly end: string } {
  return { start: 'chunk/', end: `chunk/${padded(revision)}/` };
}

function padded(revision: number): string {
  return String(revision).padStart(16, '0');
}
