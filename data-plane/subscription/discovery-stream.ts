/** One discovery stream to one replica: connecting with a deadline, messages off the wire as events, and its end. */
import { connectivityState, type ServiceError, status } from '@grpc/grpc-js';
import { FORMAT, type Position } from '../../core/model/commit.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { Clock } from '../../core/runtime/clock.ts';
import type { ReplicaClient } from '../../core/wire/clients.ts';
import type { StreamSnapshotsRequest } from '../../core/wire/generated/lb/v1/StreamSnapshotsRequest.ts';
import type { StreamSnapshotsResponse__Output } from '../../core/wire/generated/lb/v1/StreamSnapshotsResponse.ts';
import type { Withheld__Output } from '../../core/wire/generated/lb/v1/Withheld.ts';
import { positionToWire } from '../../core/wire/snapshot-codec.ts';
import { reasonOf } from '../../core/wire/status.ts';
import { deltaPartFromWire } from './delta-part.ts';
import type { Event, WithheldReason } from './subscription-state.ts';

const CONNECT_TIMEOUT_MS = 5_000;
/** A Nack must fit into a message; whoever fixes the first thousand sees the others next. */
const MAX_VIOLATIONS = 1_000;

export interface DiscoveryStream {
  subscribe(proxyId: string, position: Position | null, snapshotHash: string): void;
  acknowledge(nonce: string): void;
  reject(nonce: string, violations: readonly Violation[]): void;
  /** No event comes after this. */
  close(): void;
}

/** Connects, then calls `onEvent` with `connected`, with what arrives, and once, at the end, with `stream-lost`. */
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

  void connect(client, clock).then((failure) => {
    if (!open) return;
    if (failure !== null) return lose(failure);
    sinceMs = clock.nowMs();
    call = client.discovery.streamSnapshots();
    call.on('data', (response: StreamSnapshotsResponse__Output) => {
      const event = eventOf(response);
      if (open && event) onEvent(event);
    });
    call.on('error', (error: ServiceError) => lose(reasonOf(error), error.code === status.UNAUTHENTICATED));
    call.on('end', () => lose('the replica ended the stream'));
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

/** Null once connected, otherwise why not. Gives up as soon as it is clear that it fails: the next replica may answer. */
function connect(client: ReplicaClient, clock: Clock): Promise<string | null> {
  const channel = client.discovery.getChannel();
  const deadline = clock.wallMs() + CONNECT_TIMEOUT_MS;
  return new Promise((resolve) => {
    const check = (late?: Error) => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.READY) return resolve(null);
      // The channel keeps trying by itself, and is checked again when it is this replica's turn.
      if (state === connectivityState.TRANSIENT_FAILURE)
        return resolve(
          'the connection was refused, timed out, or leads to something else than the gRPC address',
        );
      if (late) return resolve(`no connection within ${CONNECT_TIMEOUT_MS / 1_000} s`);
      if (state === connectivityState.SHUTDOWN) return resolve('this proxy is stopping');
      channel.watchConnectivityState(state, deadline, check);
    };
    check();
  });
}

function eventOf(response: StreamSnapshotsResponse__Output): Event | null {
  if (response.part) return { type: 'part', part: deltaPartFromWire(response.part) };
  if (!response.withheld) return null;
  const { reason, detail } = response.withheld;
  return { type: 'withheld', reason: reasonFromWire(reason), detail };
}

/** A reason that only a newer replica knows means "not now". */
function reasonFromWire(reason: Withheld__Output['reason']): WithheldReason {
  if (reason === 'REASON_STORE_MISMATCH') return 'store_mismatch';
  return reason === 'REASON_REPLICA_BEHIND' ? 'replica_behind' : 'not_ready';
}

function bounded(violations: readonly Violation[]): Violation[] {
  const kept = violations.slice(0, MAX_VIOLATIONS);
  const more = violations.length - kept.length;
  return more === 0 ? kept : [...kept, { field: '', description: `and ${more} more violations` }];
}
