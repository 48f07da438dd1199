/**
 * Checkpoints as bytes: the state at one revision in chunks, and a mark that says what the chunks must be.
 *
 * Invariants
 *  - the mark has the hash of the commit at its revision, so the log that follows proves that it belongs there;
 *  - the mark has a digest of the chunks: a checkpoint is read whole, as it was written, or not at all;
 *  - maps keep their order, so that a state from a checkpoint equals the state from the log in every respect.
 */
import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { formatOf, type Head, isReadable } from '../../../core/model/commit.ts';
import type { Listener, Policy, Pool } from '../../../core/model/resources.ts';
import { resourcesOf, type State, type Stored, type StoredBackend } from '../../../core/model/state.ts';
import { messageOf } from '../../../core/runtime/errors.ts';
import type { NewCheckpoint } from '../config-store.ts';

/** Each chunk is its own request to the store: etcd takes 1.5 MiB. */
const CHUNK_BYTES = 512 * 1_024;
const MAX_INFLATED_BYTES = 1_024 * 1_048_576;

/** Everything that is known of a checkpoint without its chunks. */
export interface CheckpointMark extends CheckpointFacts {
  readonly format: number;
  readonly head: Head;
  readonly bytes: number;
  /** SHA-256 of its bytes, in hex. */
  readonly digest: string;
}

export interface CheckpointFacts {
  /** When the commit at its revision was made. */
  readonly timeMs: number;
  /** Bytes of all commits from the first one up to it. */
  readonly logBytes: number;
  readonly writer: string;
}

interface Content {
  readonly policies: readonly Stored<Policy>[];
  readonly pools: readonly (Stored<Pool> & { readonly backends: readonly StoredBackend[] })[];
  readonly listeners: readonly Stored<Listener>[];
}

export function encodeCheckpoint(
  state: State,
  { timeMs, logBytes, writer }: CheckpointFacts,
): NewCheckpoint & { readonly facts: CheckpointMark } {
  const content: Content = {
    policies: [...state.policies.values()],
    pools: Array.from(state.pools.values(), (pool) => ({ ...pool, backends: [...pool.backends.values()] })),
    listeners: [...state.listeners.values()],
  };
  const bytes = deflateRawSync(JSON.stringify(content));
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) chunks.push(bytes.subarray(at, at + CHUNK_BYTES));
  const facts: CheckpointMark = {
    format: formatOf(resourcesOf(state)),
    head: state.head,
    timeMs,
    logBytes,
    writer,
    bytes: bytes.length,
    digest: digestOf(bytes),
  };
  return { revision: state.head.revision, writer, chunks, mark: Buffer.from(JSON.stringify(facts)), facts };
}

export type DecodedMark =
  | { readonly ok: true; readonly mark: CheckpointMark }
  | { readonly ok: false; readonly reason: string };

/** The mark, or why it does not count. */
export function decodeMark(revision: number, bytes: Uint8Array): DecodedMark {
  try {
    const mark = JSON.parse(Buffer.from(bytes).toString()) as CheckpointMark;
    if (!isReadable(mark.format)) return { ok: false, reason: `it is written in format ${mark.format}` };
    if (mark.head.revision !== revision || typeof mark.digest !== 'string') {
      return { ok: false, reason: 'its mark belongs to another checkpoint' };
    }
    return { ok: true, mark };
  } catch (error) {
    return { ok: false, reason: `its mark can't be read (${messageOf(error)})` };
  }
}

export type DecodedCheckpoint =
  | { readonly ok: true; readonly state: State }
  | { readonly ok: false; readonly reason: string };

/** The state in the chunks, or why they are not what the mark says. */
export function decodeCheckpoint(mark: CheckpointMark, chunks: readonly Uint8Array[]): DecodedCheckpoint {
  const bytes = Buffer.concat(chunks);
  if (bytes.length !== mark.bytes) {
    return { ok: false, reason: `it is torn: only ${bytes.length} of its ${mark.bytes} bytes are there` };
  }
  if (digestOf(bytes) !== mark.digest) return { ok: false, reason: 'it does not match its digest' };
  try {
    const json = inflateRawSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES }).toString();
    return { ok: true, state: stateOf(mark.head, JSON.parse(json) as Content) };
  } catch (error) {
    return { ok: false, reason: `it can't be read (${messageOf(error)})` };
  }
}

function stateOf(head: Head, { policies, pools, listeners }: Content): State {
  return {
    head,
    policies: new Map(policies.map((stored) => [stored.value.name, stored])),
    pools: new Map(
      pools.map((pool) => [
        pool.value.name,
        { ...pool, backends: new Map(pool.backends.map((stored) => [stored.value.address, stored])) },
      ]),
    ),
    listeners: new Map(listeners.map((stored) => [stored.value.name, stored])),
  };
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
