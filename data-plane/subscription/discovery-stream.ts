/** One discovery stream to one replica: connecting with a deadline, messages off the wire as events, and its end. */
import { type ServiceError, status } from '@grpc/grpc-js';
import { FORMAT, type Position } from '../../core/model/commit.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { Clock } from '../../core/runtime/clock.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import type { StreamSnapshotsRequest } from '../../core/wire/generated/lb/v1/StreamSnapshotsRequest.ts';
import type { StreamSnapshotsResponse__Output } from '../../core/wire/generated/lb/v1/StreamSnapshotsResponse.ts';
import type { Withheld__Output } from '../../core/wire/generated/lb/v1/Withheld.ts';
import { positionToWire } from '../../core/wire/snapshot-codec.ts';
import { deltaPartFromWire } from './delta-part.ts';
import { reachReplica } from './reach-replica.ts';
import type { Event, WithheldReason } from './subscription-state.ts';

/** A Nack must fit into a message; whoever mends the first thousand sees the others next. */
const MAX_VIOLATIONS = 1_000;

export interface DiscoveryStream {
  subscribe(proxyId: string, position: Position | null, snapshotHash: string): void;
  acknowledge(nonce: string): void;
  reject(nonce: string, violations: readonly Violation[]): void;
  /** No event comes after this. */
  close(): void;
}

/** Connects, then calls `onEvent` with `connected` and what arrives, and last, once, with `stream-lost`. */
export function openDiscoveryStream(
  client: ReplicaClient,
  clock: Clock,
  onEvent: (event: Event) => void,
): DiscoveryStream {
  let call: ReturnType<ReplicaClient['discovery']['streamSnapshots']> | null = null;
  let open = true;
  let sinceMs = clock.nowMs();
  const send = (request: StreamSnapshotsRequest) => void call?.write(request);
  const lose = (reason: string, refused = false) => {
    if (!open) return;
    open = false;
    onEvent({ type: 'stream-lost', livedMs: call ? clock.nowMs() - sinceMs : 0, reason, refused });
  };

  void reachReplica(client, clock).then((failure) => {
    if (!open) return;
    if (failure !== null) return lose(failure);
    sinceMs = clock.nowMs();
    call = client.discovery.streamSnapshots();
    call.on('data', (response: StreamSnapshotsResponse__Output) => {
      const event = eventOf(response);
      if (open && event) onEvent(event);
    });
    call.on('error', ({ code, details }: ServiceError) => lose(details, code === status.UNAUTHENTICATED));
    call.on('end', () => lose('it ended the stream'));
    onEvent({ type: 'connected' });
  });

  return {
    subscribe(proxyId, position, snapshotHash) {
      const wirePosition = position && positionToWire(position);
      send({ subscribe: { proxyId, format: FORMAT, position: wirePosition, snapshotHash } });
    },
    acknowledge: (nonce) => send({ ack: { nonce } }),
    reject: (nonce, violations) => send({ nack: { nonce, violations: bounded(violations) } }),
    close() {
      open = false;
      call?.cancel();
    },
  };
}

function eventOf(response: StreamSnapshotsResponse__Output): Event | null {
  if (response.part) return { type: 'part', part: deltaPartFromWire(response.part) };
  if (!response.withheld) return null;
  const { reason, detail } = response.withheld;
  return { type: 'withheld', reason: reasonFromWire(reason), detail };
}

/** A reason that a newer replica made up is no more than "not now". */
function reasonFromWire(reason: Withheld__Output['reason']): WithheldReason {
  if (reason === 'REASON_STORE_MISMATCH') return 'store_mismatch';
  return reason === 'REASON_REPLICA_BEHIND' ? 'replica_behind' : 'not_ready';
}

function bounded(violations: readonly Violation[]): Violation[] {
  const kept = violations.slice(0, MAX_VIOLATIONS);
  const more = violations.length - kept.length;
  return more === 0 ? kept : [...kept, { field: '', description: `and ${more} more violations` }];
}
