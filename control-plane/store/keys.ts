/** The keys of a store, the same in every kind of store. etcd puts its prefix before them. */

/** The end of the log: a Head. */
export const HEAD_KEY = 'head';

/** What every key of ours in etcd starts with. */
export const ETCD_PREFIX = '/equipoise/';

/** The key of a commit. Padded, so that keys sort as revisions do. */
export function logKey(revision: number): string {
  return `log/${String(revision).padStart(16, '0')}`;
}
