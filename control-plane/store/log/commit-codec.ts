/**
 * Commits as bytes: a format number, a byte that says how the rest is packed, and JSON (deflated when that is worth it).
 *
 * Invariants
 *  - the format number will always be the first byte, so that any program can refuse a format that it does not know;
 *  - what is written fits: anything beyond the limits is refused before it is sent.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Commit, FORMAT, type Head, isReadable } from '../../../core/model/commit.ts';
import { canonicalJson } from '../../../core/model/hash.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';

/** Most commits in one append. */
export const MAX_APPEND_COMMITS = 100;
/** Most bytes in one append, without keys and framing: etcd takes 1.5 MiB per request. */
export const MAX_APPEND_BYTES = 1_048_576;

const PLAIN = 0;
const DEFLATED = 1;
const WORTH_DEFLATING_BYTES = 1_024;
/** No commit of ours inflates to more than this: what does is foreign or damaged. */
const MAX_INFLATED_BYTES = 256 * 1_048_576;

/** A newer program wrote this, in a format that this one can't read. */
export class NewerFormatError extends LbError {
  constructor(message: string) {
    super('FAILED_PRECONDITION', message);
    this.name = 'NewerFormatError';
  }
}

/** The bytes of an append are measured, then sent. Commits are immutable, so they are encoded once. */
const encoded = new WeakMap<Commit, Buffer>();

/** The sizes of commits that were read: their bytes are not worth keeping. */
const sizes = new WeakMap<Commit, number>();

export function encodedBytes(commit: Commit): number {
  return sizes.get(commit) ?? encodeCommit(commit).length;
}

export function encodeCommit(commit: Commit): Buffer {
  let bytes = encoded.get(commit);
  if (bytes === undefined) {
    const json = Buffer.from(JSON.stringify(commit));
    const deflate = json.length > WORTH_DEFLATING_BYTES;
    const header = Buffer.from([commit.format, deflate ? DEFLATED : PLAIN]);
    bytes = Buffer.concat([header, deflate ? deflateRawSync(json) : json]);
    encoded.set(commit, bytes);
  }
  return bytes;
}

/** The bytes of all commits of one append. Throws RESOURCE_EXHAUSTED when they are too many or too large. */
export function encodeAppend(commits: readonly Commit[]): Buffer[] {
  if (commits.length === 0 || commits.length > MAX_APPEND_COMMITS) {
    const message = `an append has 1 to ${MAX_APPEND_COMMITS} commits, not ${commits.length}; nothing was written`;
    throw new LbError('RESOURCE_EXHAUSTED', message);
  }
  const values = commits.map(encodeCommit);
  const size = values.reduce((sum, value) => sum + value.length, 0);
  if (size > MAX_APPEND_BYTES) throw tooLarge(size);
  return values;
}

export function tooLarge(bytes: number): LbError {
  const kib = Math.ceil(bytes / 1_024);
  return new LbError(
    'RESOURCE_EXHAUSTED',
    `this change takes ${kib} KiB when compressed, and one commit can have ${MAX_APPEND_BYTES / 1_024} KiB; nothing was written: split it into smaller changes`,
  );
}

/** Throws FAILED_PRECONDITION when this program can't read the commit. `where` names it in the message. */
export function decodeCommit(bytes: Uint8Array, where: string): Commit {
  const format = bytes[0];
  if (!isReadable(format)) {
    const message = `${where} is written in format ${format}, and this program reads formats up to ${FORMAT}: run a newer program`;
    throw new NewerFormatError(message);
  }
  try {
    const rest = bytes.subarray(2);
    const json = bytes[1] === DEFLATED ? inflateRawSync(rest, { maxOutputLength: MAX_INFLATED_BYTES }) : rest;
    const commit = JSON.parse(Buffer.from(json).toString()) as Commit;
    sizes.set(commit, bytes.length);
    return commit;
  } catch (error) {
    throw damaged(where, error);
  }
}

/** The bytes of a head: equal heads have equal bytes, so that a store can compare them. */
export function encodeHead({ storeId, revision, hash, replaces }: Head): Buffer {
  return Buffer.from(canonicalJson({ storeId, revision, hash, replaces }));
}

export function decodeHead(bytes: Uint8Array, where: string): Head {
  try {
    const { storeId, revision, hash, replaces } = JSON.parse(Buffer.from(bytes).toString()) as Head;
    if (typeof storeId === 'string' && Number.isSafeInteger(revision) && typeof hash === 'string') {
      return { storeId, revision, hash, ...(replaces && { replaces }) };
    }
  } catch (error) {
    throw damaged(where, error);
  }
  throw damaged(where, 'fields are missing');
}

function damaged(where: string, cause: unknown): LbError {
  const message = `${where} can't be read (${messageOf(cause)}): it is damaged or foreign; restore a backup, or use another store`;
  return new LbError('FAILED_PRECONDITION', message, [], cause);
}
