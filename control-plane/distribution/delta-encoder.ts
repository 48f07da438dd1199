/**
 * Encodes deltas once for all proxies, since most of them get the same one. Encoding it for each of a thousand streams
 * would block the event loop.
 */
import { formatOf } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { positionToWire, snapshotEntryToWire } from '../../core/wire/snapshot-codec.ts';
import type { StreamSnapshotsResponse } from '../../core/wire/generated/lb/v1/StreamSnapshotsResponse.ts';
import { type DeltaPart, delta, splitDelta } from './delta.ts';

/** Size of a part of a delta, well below the 4 MiB that gRPC clients accept by default. */
const PART_BYTES = 1_024 * 1_024;

export type Encode = (response: StreamSnapshotsResponse) => Buffer;

export class DeltaEncoder {
  readonly #encode: Encode;
  /** By target, then by the base's hash. An entry is freed with its target, so the size is bounded by the snapshots in use. */
  readonly #cache = new WeakMap<Snapshot, Map<string, readonly Buffer[]>>();

  constructor(encode: Encode) {
    this.#encode = encode;
  }

  /** The messages that bring a proxy from `base` to `target`. The nonce must depend on the target alone. */
  parts(base: Snapshot | null, target: Snapshot, nonce: string): readonly Buffer[] {
    let ofTarget = this.#cache.get(target);
    if (ofTarget === undefined) {
      ofTarget = new Map();
      this.#cache.set(target, ofTarget);
    }
    const baseHash = base?.hash ?? '';
    let encoded = ofTarget.get(baseHash);
    if (encoded === undefined) {
      const format = formatOf(Array.from(target.entries.values(), ({ resource }) => resource));
      encoded = splitDelta(delta(base, target), PART_BYTES).map((part) =>
        this.#encode(partToWire(part, nonce, format)),
      );
      ofTarget.set(baseHash, encoded);
    }
    return encoded;
  }
}

function partToWire(part: DeltaPart, nonce: string, format: number): StreamSnapshotsResponse {
  return {
    part: {
      nonce,
      baseHash: part.baseHash,
      upserts: part.upserts.map(snapshotEntryToWire),
      removals: [...part.removals],
      end: part.end && {
        position: positionToWire(part.end.position),
        snapshotHash: part.end.snapshotHash,
        format,
      },
    },
  };
}
