/**
 * One proxy's discovery stream as a pure machine: (state, event) → {state, effects}.
 *
 * Invariants
 *  - at most one delta is in flight; of the snapshots published meanwhile, only the newest is sent;
 *  - a delta's base is what the proxy acknowledged on this stream, or what it said it has, if that is still known here;
 *  - a proxy is never sent an older revision of the same store than it has, nor an older version of the same revision;
 *  - a snapshot is not sent again after a Nack; the next commit is;
 *  - a snapshot that differs only in its revision is sent as an empty delta, so that the proxy can acknowledge the revision;
 *  - after `end` there are no more effects.
 */
import type { Position } from '../../core/model/commit.ts';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { ErrorCode } from '../../core/runtime/errors.ts';
import { admit, type StoreReading } from './admission.ts';

/** What a proxy runs. */
interface Running {
  /** Null: nothing. */
  readonly position: Position | null;
  readonly hash: string;
  /** Null if the snapshot is not known here any more. */
  readonly snapshot: Snapshot | null;
}

const NOTHING: Running = { position: null, hash: '', snapshot: null };

export interface SubscriptionState {
  /** `subscribed`: the proxy has said what it runs, and may not be sent anything yet. */
  readonly phase: 'silent' | 'subscribed' | 'admitted' | 'ended';
  /** The store is being read. */
  readonly readingStore: boolean;
  /** The last reason that was sent to the proxy for sending no snapshot. */
  readonly withheld: WithheldReason | null;
  /** This replica's position; may be newer than `newest`. */
  readonly replica: Position | null;
  readonly newest: Snapshot | null;
  /** What the proxy runs: what it said when it subscribed, then what it acknowledged. */
  readonly has: Running;
  readonly inFlight: { readonly nonce: string; readonly snapshot: Snapshot } | null;
  readonly rejected: Snapshot | null;
}

export type WithheldReason = 'REASON_REPLICA_BEHIND' | 'REASON_STORE_MISMATCH' | 'REASON_NOT_READY';

export type SubscriptionEvent =
  | {
      readonly type: 'subscribe';
      readonly proxyId: string;
      readonly format: number;
      readonly position: Position | null;
      readonly snapshotHash: string;
      readonly base: Snapshot | null;
    }
  | { readonly type: 'ack'; readonly nonce: string }
  | { readonly type: 'nack'; readonly nonce: string; readonly violations: readonly Violation[] }
  /** A message that holds none of the three above. */
  | { readonly type: 'unreadable' }
  | { readonly type: 'published'; readonly snapshot: Snapshot }
  /** The result of `read-store`; null: the store does not answer. */
  | { readonly type: 'store-read'; readonly reading: StoreReading | null }
  /** The delta in flight was not answered in time. */
  | { readonly type: 'unanswered' };

export type SubscriptionEffect =
  | {
      readonly type: 'send';
      readonly nonce: string;
      readonly base: Snapshot | null;
      readonly target: Snapshot;
    }
  | { readonly type: 'withhold'; readonly reason: WithheldReason; readonly detail: string }
  /** Read the store (again, if `proxyAhead`) and answer with `store-read`. */
  | { readonly type: 'read-store'; readonly claimed: Position; readonly proxyAhead: boolean }
  | { readonly type: 'rejected'; readonly snapshot: Snapshot; readonly violations: readonly Violation[] }
  | { readonly type: 'end'; readonly code: ErrorCode; readonly message: string };

export interface Step {
  readonly state: SubscriptionState;
  readonly effects: readonly SubscriptionEffect[];
}

/** The state of a stream without a message yet. `newest` is the snapshot that is published now. */
export function openSubscription(newest: Snapshot | null): SubscriptionState {
  return {
    phase: 'silent',
    readingStore: false,
    withheld: null,
    replica: newest?.position ?? null,
    newest,
    has: NOTHING,
    inFlight: null,
    rejected: null,
  };
}

export function stepSubscription(state: SubscriptionState, event: SubscriptionEvent): Step {
  if (state.phase === 'ended') return { state, effects: [] };
  switch (event.type) {
    case 'subscribe':
      return subscribe(state, event);
    case 'ack':
    case 'nack':
      return answer(state, event);
    case 'unreadable':
      return end(state, 'INVALID_ARGUMENT', 'a message must hold subscribe, ack or nack');
    case 'published': {
      const next = { ...state, newest: event.snapshot, replica: event.snapshot.position };
      return next.phase === 'subscribed' && !next.readingStore ? decide(next, null) : offer(next, []);
    }
    case 'store-read':
      return storeRead(state, event.reading);
    case 'unanswered':
      return end(
        state,
        'OUTCOME_UNKNOWN',
        `no Ack or Nack of ${state.inFlight?.nonce ?? 'the snapshot'} came in time; subscribe again with the current position`,
      );
  }
}

function subscribe(state: SubscriptionState, event: SubscriptionEvent & { type: 'subscribe' }): Step {
  if (state.phase !== 'silent') {
    return end(
      state,
      'INVALID_ARGUMENT',
      'subscribe was sent before; it is allowed in the first message of a stream only',
    );
  }
  if (event.proxyId === '') return end(state, 'INVALID_ARGUMENT', 'subscribe.proxy_id is missing');
  // A snapshot in a format that the proxy cannot read is sent all the same: its Nack is what the fleet's operators see.
  if (event.format < 1) {
    const message = 'subscribe.format is missing; set the newest format that the proxy can read';
    return end(state, 'INVALID_ARGUMENT', message);
  }
  const { position, snapshotHash: hash, base: snapshot } = event;
  const has = position === null ? NOTHING : { position, hash, snapshot };
  return decide({ ...state, phase: 'subscribed', has }, null);
}

/** Decides whether the proxy may be sent snapshots. */
function decide(state: SubscriptionState, reading: StoreReading | null): Step {
  const { has, replica } = state;
  if (replica === null || state.newest === null) {
    return withhold(state, 'REASON_NOT_READY', 'this replica has not read its store yet');
  }
  const admission = admit(has.position, replica, reading);
  switch (admission.verdict) {
    case 'withheld':
      return withhold(state, admission.reason, admission.detail);
    case 'read-store': {
      const claimed = has.position;
      if (claimed === null || state.readingStore) return { state, effects: [] };
      return {
        state: { ...state, readingStore: true },
        effects: [{ type: 'read-store', claimed, proxyAhead: admission.proxyAhead }],
      };
    }
    case 'admitted':
      return offer({ ...state, phase: 'admitted' }, []);
  }
}

function storeRead(state: SubscriptionState, reading: StoreReading | null): Step {
  const next = { ...state, readingStore: false };
  if (next.phase !== 'subscribed') return { state: next, effects: [] };
  if (reading === null) {
    const message = 'the store does not answer, so the position of the proxy cannot be checked; try again';
    return end(next, 'UNAVAILABLE', message);
  }
  return decide({ ...next, replica: reading.replica }, reading);
}

function answer(state: SubscriptionState, event: SubscriptionEvent & { type: 'ack' | 'nack' }): Step {
  const { inFlight } = state;
  if (inFlight === null || inFlight.nonce !== event.nonce) {
    const expected =
      inFlight === null ? 'nothing is waiting for an answer' : `${inFlight.nonce} is in flight`;
    return end(
      state,
      'INVALID_ARGUMENT',
      `${event.type} of unknown nonce "${event.nonce.slice(0, 80)}": ${expected}`,
    );
  }
  const { snapshot } = inFlight;
  if (event.type === 'nack') {
    const rejected = { type: 'rejected', snapshot, violations: event.violations } as const;
    return offer({ ...state, inFlight: null, rejected: snapshot }, [rejected]);
  }
  const has = { position: snapshot.position, hash: snapshot.hash, snapshot };
  return offer({ ...state, inFlight: null, has }, []);
}

/** Sends the newest snapshot if the proxy is admitted, does not have it, and no other one is in flight. */
function offer(state: SubscriptionState, effects: readonly SubscriptionEffect[]): Step {
  const { newest, has } = state;
  if (state.phase !== 'admitted' || state.inFlight !== null || newest === null) return { state, effects };
  // The store may have been read past what is published; the newer snapshot will be published soon.
  const current = newest.position.storeId === has.position?.storeId ? has.position : null;
  const isOlder =
    current !== null &&
    (newest.position.revision < current.revision || newest.position.version < current.version);
  const isSame = current?.revision === newest.position.revision && newest.hash === has.hash;
  if (isOlder || isSame || isRejected(newest, state.rejected)) return { state, effects };
  const base = newest.hash === has.hash ? newest : has.snapshot;
  const nonce = `${newest.position.revision}.${newest.position.version}.${newest.hash.slice(0, 16)}`;
  return {
    state: { ...state, inFlight: { nonce, snapshot: newest } },
    effects: [...effects, { type: 'send', nonce, base, target: newest }],
  };
}

function isRejected(newest: Snapshot, rejected: Snapshot | null): boolean {
  return newest.hash === rejected?.hash && newest.position.revision === rejected.position.revision;
}

function withhold(state: SubscriptionState, reason: WithheldReason, detail: string): Step {
  if (state.withheld === reason) return { state, effects: [] };
  return { state: { ...state, withheld: reason }, effects: [{ type: 'withhold', reason, detail }] };
}

function end(state: SubscriptionState, code: ErrorCode, message: string): Step {
  return { state: { ...state, phase: 'ended' }, effects: [{ type: 'end', code, message }] };
}
