/**
 * Content hashes: equal values have equal hashes, whichever program wrote them and whatever the order of their fields.
 * SHA-256, in hex.
 */
import { createHash } from 'node:crypto';
import type { Commit } from './commit.ts';

/** JSON with sorted keys and without undefined fields: one text for one value. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`);
  return `{${fields.join(',')}}`;
}

/** Hash of a resource, or of any value that JSON can hold. */
export function contentHash(value: unknown): string {
  return sha256(canonicalJson(value));
}

/** Hash of a commit without its own hash. */
export function commitHash(commit: Omit<Commit, 'hash'> & { readonly hash?: string }): string {
  const { hash: _, ...content } = commit;
  return contentHash(content);
}

/** Gives a commit its hash. */
export function sealCommit(content: Omit<Commit, 'hash'>): Commit {
  return { ...content, hash: commitHash(content) };
}

/** The parent of a store's first commit. */
export function genesisHash(storeId: string): string {
  return sha256(`equipoise store ${storeId}`);
}

/** Hash of a request without its request_id. */
export function requestDigest(method: string, request: unknown): string {
  return contentHash({ method, request });
}

/** Hash of a snapshot: over "KEY HASH\n" of every entry, sorted by key. */
export function snapshotHash(entries: Iterable<{ readonly key: string; readonly hash: string }>): string {
  const lines = Array.from(entries, ({ key, hash }) => ({ key, line: `${key} ${hash}\n` }));
  lines.sort((a, b) => (a.key < b.key ? -1 : 1));
  // One text, one call: a call for each line takes six times as long.
  return sha256(lines.map(({ line }) => line).join(''));
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
