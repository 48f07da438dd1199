/**
 * Commits as bytes: a format number, how the rest is packed, and JSON (deflated when that is worth it).
 *
 * Invariants
 *  - the format number is the first byte for ever, so that any program can refuse what it doesn't know, in words;
 *  - what is written fits: beyond the limits it is refused before anything is sent.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { type Commit, FORMAT, type Head } from '../../../core/model/commit.ts';
import { canonicalJson } from '../../../core/model/hash.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import { NewerFormatError } from '../newer-format.ts';

/** Most commits in one append. */
export const MAX_APPEND_COMMITS = 100;
/** Most bytes in one append, keys and framing not counted: etcd takes 1.5 MiB a request. */
export const MAX_APPEND_BYTES = 1_048_576;

const PLAIN = 0;
const DEFLATED = 1;
const WORTH_DEFLATING_BYTES = 1_024;
/** A commit of 1 MiB can't honestly become larger than this: more is not ours, or damaged. */
const MAX_INFLATED_BYTES = 256 * 1_048_576;

/** A group commit is measured, then sent: commits are immutable, so their bytes are made once. */
const encoded = new WeakMap<Commit, Buffer>();

/** Bytes of commits that were read, which are not worth keeping themselves. */
const sizes = new WeakMap<Commit, number>();

/** How many bytes a commit takes. */
export function encodedBytes(commit: Commit): number {
  return sizes.get(commit) ?? encodeCommit(commit).length;
}

/** The bytes of a commit. */
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

/** The bytes of all commits of one append; RESOURCE_EXHAUSTED when they are too many or too large. */
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

/** The refusal of a change that one append can't hold. */
export function tooLarge(bytes: number): LbError {
  const kib = Math.ceil(bytes / 1_024);
  return new LbError(
    'RESOURCE_EXHAUSTED',
    `this change takes ${kib} KiB when compressed, and one commit can be ${MAX_APPEND_BYTES / 1_024} KiB; nothing was written: make it in several smaller ones`,
  );
}

/** The commit in `bytes`; FAILED_PRECONDITION, in words, when this program can't read it. `where` names the place. */
export function decodeCommit(bytes: Uint8Array, where: string): Commit {
  const format = bytes[0];
  if (format !== FORMAT) {
    const message = `${where} is written in format ${format}, and this program reads format ${FORMAT}: run the newer program`;
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

/** The head in `bytes`. */
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
  const message = `${where} can't be read (${messageOf(cause)}): it is damaged or not ours; restore a backup, or name another store`;
  return new LbError('FAILED_PRECONDITION', message, [], cause);
}
