/**
 * DiscoveryService: sends snapshots to proxies, as the subscription machine of each stream decides.
 *
 * Invariants
 *  - a stream has one message part in the transport and no queue of its own: the machine keeps only the newest of the
 *    snapshots that are published meanwhile;
 *  - a stream ends after a deadline when the proxy does not read a part, or does not answer a delta.
 */
import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import { afterReading, type Clock, type Timer } from '../../core/runtime/clock.ts';
import { LbError } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import type { DiscoveryServiceHandlers } from '../../core/wire/generated/lb/v1/DiscoveryService.ts';
import type { StreamSnapshotsRequest__Output } from '../../core/wire/generated/lb/v1/StreamSnapshotsRequest.ts';
import type { StreamSnapshotsResponse } from '../../core/wire/generated/lb/v1/StreamSnapshotsResponse.ts';
import { positionFromWire, positionToWire } from '../../core/wire/snapshot-codec.ts';
import type { Publisher } from '../snapshot/publisher.ts';
import type { StoreReading } from './admission.ts';
import type { DeltaEncoder, Encode } from './delta-encoder.ts';
import { OpenStream, type OpenStreams } from '../rpc/open-streams.ts';
import {
  openSubscription,
  stepSubscription,
  type SubscriptionEffect,
  type SubscriptionEvent,
  type SubscriptionState,
} from './subscription-machine.ts';

/** How long a proxy may take to read one part. */
const DRAIN_TIMEOUT_MS = 30_000;
/** How long a proxy may take to answer a delta that it has read. */
const ANSWER_TIMEOUT_MS = 30_000;

export interface DiscoveryOptions {
  readonly publisher: Publisher;
  readonly encoder: DeltaEncoder;
  readonly encode: Encode;
  /** Reads the store to judge a proxy's position. Null: the store does not answer. */
  readonly readStore: (claimed: Position, proxyAhead: boolean) => Promise<StoreReading | null>;
  /** A proxy refused a snapshot. */
  readonly onNack: () => void;
  readonly streams: OpenStreams;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Handlers for a definition that passes Buffers through (see preEncoded in rpc/definition-wrappers.ts). */
export function discoveryHandlers(
  options: DiscoveryOptions,
): Pick<DiscoveryServiceHandlers, 'StreamSnapshots'> {
  return { StreamSnapshots: (call) => void new DiscoveryStream(options, call) };
}

type Call = ServerDuplexStream<StreamSnapshotsRequest__Output, StreamSnapshotsResponse>;

class DiscoveryStream {
  readonly #options: DiscoveryOptions;
  readonly #call: Call;
  #logger: Logger;
  #state: SubscriptionState;
  readonly #stream: OpenStream;
  #timer: Timer;

  constructor(options: DiscoveryOptions, call: Call) {
    const { publisher, streams, clock, logger } = options;
    this.#options = options;
    this.#call = call;
    this.#logger = logger.child({ peer: call.getPeer() });
    this.#state = openSubscription(publisher.newest);
    this.#stream = new OpenStream(call, streams);
    this.#stream.onClose(publisher.subscribe((snapshot) => this.#step({ type: 'published', snapshot })));
    this.#timer = this.#stream.awaitFirstMessage(clock, 'subscribe');
    this.#stream.onClose(() => this.#timer.cancel());
    call.on('data', (request: StreamSnapshotsRequest__Output) => this.#receive(request));
    call.on('end', () => this.#stream.end());
  }

  #receive(request: StreamSnapshotsRequest__Output): void {
    const { subscribe, ack, nack } = request;
    if (this.#state.phase === 'silent') this.#timer.cancel();
    if (subscribe) {
      const { proxyId, format, snapshotHash } = subscribe;
      this.#logger = this.#logger.child({ proxy: proxyId.slice(0, 100) });
      const position = subscribe.position && positionFromWire(subscribe.position);
      const base = this.#options.publisher.find(snapshotHash);
      this.#logger.debug({ revision: position?.revision, snapshot: snapshotHash }, 'proxy subscribed');
      this.#step({ type: 'subscribe', proxyId, format, position, snapshotHash, base });
    } else if (ack) this.#step({ type: 'ack', nonce: ack.nonce });
    else if (nack) this.#step({ type: 'nack', nonce: nack.nonce, violations: nack.violations });
    else this.#step({ type: 'unreadable' });
  }

  #step(event: SubscriptionEvent): void {
    if (this.#stream.closed) return;
    const wasInFlight = this.#state.inFlight;
    const { state, effects } = stepSubscription(this.#state, event);
    this.#state = state;
    if (wasInFlight !== null && state.inFlight !== wasInFlight) this.#timer.cancel();
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: SubscriptionEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.base, effect.target, effect.nonce);
        break;
      case 'withhold':
        this.#withhold(effect);
        break;
      case 'read-store':
        void this.#options
          .readStore(effect.claimed, effect.proxyAhead)
          .catch(() => null)
          .then((reading) => this.#step({ type: 'store-read', reading }));
        break;
      case 'rejected': {
        this.#options.onNack();
        const { revision } = effect.snapshot.position;
        const violations = effect.violations.slice(0, 10);
        this.#logger.warn({ revision, violations }, 'the proxy refused a snapshot and keeps what it had');
        break;
      }
      case 'end':
        this.#end(new LbError(effect.code, effect.message));
        break;
    }
  }

  #send(base: Snapshot | null, target: Snapshot, nonce: string): void {
    const { revision } = target.position;
    this.#logger.debug({ revision, nonce, base: base?.position.revision }, 'sending a snapshot');
    this.#writeParts(this.#options.encoder.parts(base, target, nonce), 0);
  }

  /** Writes one part at a time: the next one when the transport has taken the previous one. */
  #writeParts(parts: readonly Buffer[], index: number): void {
    const part = parts[index];
    if (this.#stream.closed) return;
    if (part === undefined) {
      this.#arm(ANSWER_TIMEOUT_MS, () => this.#step({ type: 'unanswered' }));
      return;
    }
    this.#arm(DRAIN_TIMEOUT_MS, () => {
      const message = `the proxy read nothing for ${DRAIN_TIMEOUT_MS / 1_000} s; subscribe again with the current position`;
      this.#end(new LbError('OUTCOME_UNKNOWN', message));
    });
    const delta = this.#state.inFlight;
    this.#write(part, () => {
      // The proxy may have answered, and so ended this delta, before the last part was taken.
      if (this.#state.inFlight === delta) this.#writeParts(parts, index + 1);
    });
  }

  #withhold(effect: SubscriptionEffect & { type: 'withhold' }): void {
    const { reason, detail } = effect;
    this.#logger.warn({ reason, detail }, 'no snapshots are sent to this proxy');
    const position = this.#state.replica && positionToWire(this.#state.replica);
    this.#write(this.#options.encode({ withheld: { reason, detail, position } }), () => undefined);
  }

  #write(bytes: Buffer, taken: () => void): void {
    // The definition passes Buffers through, but its type does not say so.
    const message = bytes as unknown as StreamSnapshotsResponse;
    this.#call.write(message, (error?: Error | null) => {
      if (!error) taken();
    });
  }

  #arm(delayMs: number, action: () => void): void {
    this.#timer.cancel();
    this.#timer = afterReading(this.#options.clock, delayMs, action);
  }

  #end(reason: LbError): void {
    if (this.#stream.closed) return;
    this.#logger.debug({ code: reason.code, reason: reason.message }, 'ending a discovery stream');
    this.#stream.end(reason);
  }
}
