/**
 * The subscription as a pure machine: (state, event) → {state, effects}. subscription.ts does what the effects say.
 *
 * Invariants
 *  - one stream at most, to one replica; one apply at a time, and a new stream is opened only between two of them,
 *    because its first message says what this proxy runs;
 *  - every complete delta gets exactly one answer, Ack or Nack, unless its stream was lost first;
 *  - `current` changes only when the apply of a snapshot that is not older has succeeded (never-backwards.ts);
 *  - every replica of the list is tried before it waits, and it always waits between two rounds.
 */
import type { Snapshot } from '../../core/model/snapshot.ts';
import { takesPlaceOf } from '../../core/model/store-succession.ts';
import { assemble } from './assemble-snapshot.ts';
import { collect, type DeltaPart } from './delta-part.ts';
import { backwardViolations } from './never-backwards.ts';
import { fresherReplica, nextReplica, type ReplicaView } from './replica-choice.ts';
import type { Effect, Event, Link, State, Step, Trouble, WithheldReason } from './subscription-state.ts';

/** A stream that lived this long was a success, whatever ended it. */
const GOOD_STREAM_MS = 10_000;

/** `current`: the snapshot that was read from disk, or null. */
export function initialState(replicas: readonly string[], current: Snapshot | null): State {
  return {
    replicas,
    current,
    confirmed: false,
    link: { type: 'idle' },
    failures: 0,
    troubles: new Map(),
    views: new Map(),
    moving: false,
  };
}

/** An event that comes too late changes nothing. */
export function step(state: State, event: Event): Step {
  return state.link.type === 'stopped' ? stay(state) : react(state, event);
}

function react(state: State, event: Event): Step {
  switch (event.type) {
    case 'start':
      return begin(state, 'idle');
    case 'waited':
      return begin(state, 'waiting');
    case 'connected':
      return connected(state);
    case 'part':
      return onPart(state, event.part);
    case 'withheld':
      return withheld(state, event);
    case 'stream-lost':
      return streamLost(state, event);
    case 'applied':
      return applied(state, event.snapshot);
    case 'apply-refused':
      return applyRefused(state, event);
    case 'again-due':
      return againDue(state);
    case 'replica-reported':
      return replicaReported(state, event.replica, event.view);
    case 'move-due':
      return moveDue({ ...state, moving: false });
    case 'replicas-changed':
      return replicasChanged(state, event.replicas);
    case 'stop':
      return { state: { ...state, link: { type: 'stopped' } }, effects: [{ type: 'disconnect' }] };
  }
}

function begin(state: State, from: 'idle' | 'waiting'): Step {
  return state.link.type === from ? tryNext(state, null) : stay(state);
}

function stay(state: State): Step {
  return { state, effects: [] };
}

/** A step with more effects before its own. */
function precededBy(effects: readonly Effect[], next: Step): Step {
  return { state: next.state, effects: [...effects, ...next.effects] };
}

/** Connects to the replica after `failed`. */
function tryNext(state: State, failed: string | null): Step {
  if (state.replicas.length === 0) {
    const wait: Effect = { type: 'wait', first: state.link.type !== 'waiting', slow: false };
    return { state: { ...state, link: { type: 'waiting' } }, effects: [wait] };
  }
  return connectTo(state, nextReplica(state.replicas, failed, state.views));
}

function connectTo(state: State, replica: string): Step {
  return {
    state: { ...state, link: { type: 'connecting', replica } },
    effects: [{ type: 'connect', replica }],
  };
}

function connected(state: State): Step {
  const { current, troubles } = state;
  if (state.link.type !== 'connecting') return stay(state);
  const { replica } = state.link;
  const link: Link = { type: 'subscribed', replica, collected: null };
  const subscribe: Effect = {
    type: 'subscribe',
    position: current?.position ?? null,
    snapshotHash: current?.hash ?? '',
  };
  // A replica that withheld may do so again; the trouble is over once it sends something.
  const kind = troubles.get(replica)?.kind ?? 'unreachable';
  if (kind !== 'unreachable') return { state: { ...state, link }, effects: [subscribe] };
  const message = `subscribed to the control plane at ${replica}`;
  return {
    state: { ...state, link, troubles: without(troubles, replica) },
    effects: [subscribe, { type: 'log', level: 'info', message }],
  };
}

function onPart(state: State, part: DeltaPart): Step {
  const { link, current } = state;
  if (link.type === 'applying' && link.streaming) {
    // It did not wait for our answer, so it cannot know which snapshot we have.
    const next = { ...state, link: { ...link, streaming: false } };
    const message = `${link.replica} sent a delta before this proxy had answered the last one; subscribing again`;
    return { state: next, effects: [{ type: 'disconnect' }, { type: 'log', level: 'warn', message }] };
  }
  if (link.type !== 'subscribed') return stay(state);
  const { replica } = link;
  const collected = collect(link.collected, part);
  if (!part.end) return stay({ ...state, link: { ...link, collected } });

  const { nonce } = part;
  const { position } = part.end;
  const heard: State = { ...state, failures: 0, troubles: without(state.troubles, replica) };
  const assembled = assemble(current, collected, part.end);
  const backwards = backwardViolations(current?.position ?? null, position);
  if (assembled.ok && backwards.length === 0) {
    return {
      state: { ...heard, link: { type: 'applying', replica, nonce, streaming: true } },
      effects: [{ type: 'apply', snapshot: assembled.snapshot }],
    };
  }
  const violations = [...backwards, ...(assembled.ok ? [] : assembled.violations)];
  return {
    state: { ...heard, link: { type: 'subscribed', replica, collected: null } },
    effects: [{ type: 'reject', nonce, position, violations }],
  };
}

function withheld(state: State, event: { readonly reason: WithheldReason; readonly detail: string }): Step {
  if (state.link.type !== 'subscribed') return stay(state);
  const { replica } = state.link;
  const { reason, detail } = event;
  const words: Record<WithheldReason, string> = {
    store_mismatch: `the store of the control plane at ${replica} is not the one that this proxy's configuration came from, so the proxy keeps its last good configuration`,
    replica_behind: `the control plane at ${replica} has not caught up with what this proxy runs`,
    not_ready: `the control plane at ${replica} has not read its store yet`,
  };
  const message = `${words[reason]}${detail ? `: ${detail}` : ''}`;
  const failed = fail(state, replica, { kind: reason, message });
  return precededBy([{ type: 'disconnect' }], failed);
}

function streamLost(state: State, event: Event & { type: 'stream-lost' }): Step {
  const { link } = state;
  if (link.type === 'applying') return stay({ ...state, link: { ...link, streaming: false } });
  if (link.type !== 'connecting' && link.type !== 'subscribed') return stay(state);
  const before = event.livedMs >= GOOD_STREAM_MS ? { ...state, failures: 0 } : state;
  const verb = link.type === 'connecting' ? 'cannot reach' : 'lost';
  const message = `${verb} the control plane at ${link.replica}: ${event.reason}`;
  return fail(before, link.replica, { kind: event.refused ? 'refused' : 'unreachable', message });
}

/** Continues with the next replica; after a whole round without success it waits first. */
function fail(state: State, replica: string, trouble: Trouble): Step {
  const failures = state.failures + 1;
  const troubles = new Map(state.troubles).set(replica, trouble);
  const level = trouble.kind === 'store_mismatch' ? 'error' : 'warn';
  const known = state.troubles.get(replica)?.message === trouble.message;
  const logged: Effect[] = known ? [] : [{ type: 'log', level, message: trouble.message }];
  const failed: State = { ...state, failures, troubles };
  if (failures % state.replicas.length !== 0) {
    return precededBy(logged, tryNext(failed, replica));
  }
  const slow = state.replicas.every((each) => troubles.get(each)?.kind === 'store_mismatch');
  return {
    state: { ...failed, link: { type: 'waiting' } },
    effects: [...logged, { type: 'wait', first: failures === state.replicas.length, slow }],
  };
}

function without<V>(map: ReadonlyMap<string, V>, key: string): ReadonlyMap<string, V> {
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

function applied(state: State, snapshot: Snapshot): Step {
  if (state.link.type !== 'applying') return stay(state);
  const now: State = { ...state, current: snapshot, confirmed: true };
  return answered(now, (nonce) => (nonce === null ? null : { type: 'acknowledge', nonce }));
}

function applyRefused(state: State, event: Event & { type: 'apply-refused' }): Step {
  const { position, violations, temporary } = event;
  const next = answered(state, (nonce) => ({ type: 'reject', nonce, position, violations }));
  // Without a stream, the machine has just begun to subscribe again.
  if (temporary !== true || next.state.link.type !== 'subscribed') return next;
  return { state: next.state, effects: [...next.effects, { type: 'try-again' }] };
}

/** A new stream brings the newest snapshot, whatever was refused before. */
function againDue(state: State): Step {
  if (state.link.type !== 'subscribed' || state.link.collected !== null) return stay(state);
  return precededBy([{ type: 'disconnect' }], connectTo(state, state.link.replica));
}

/** The end of an apply: answers if the stream is still open, then continues with the same or a better replica. */
function answered(state: State, answer: (nonce: string | null) => Effect | null): Step {
  const { link } = state;
  if (link.type !== 'applying') return stay(state);
  const effect = answer(link.streaming ? link.nonce : null);
  const next = link.streaming
    ? follow({ ...state, link: { type: 'subscribed', replica: link.replica, collected: null } })
    : tryNext(state, null);
  return effect ? precededBy([effect], next) : next;
}

function replicaReported(state: State, replica: string, view: ReplicaView | null): Step {
  const views = new Map(state.views);
  if (view) views.set(replica, view);
  else views.delete(replica);
  const viewed: State = { ...state, views };
  const { current, confirmed } = state;
  const position = view?.position;
  const confirms =
    !confirmed &&
    current !== null &&
    position?.storeId === current.position.storeId &&
    position.revision === current.position.revision &&
    position.hash === current.position.hash;
  if (view !== null && isStoreFixed(state, replica, view)) return connectTo(viewed, replica);
  const next = follow(confirms ? { ...viewed, confirmed: true } : viewed);
  return confirms ? precededBy([{ type: 'confirmed' }], next) : next;
}

/** The replica had the wrong store, and now has one that this proxy may follow: there is nothing to wait for. */
function isStoreFixed(
  { link, troubles, views, current }: State,
  replica: string,
  view: ReplicaView,
): boolean {
  const { position } = view;
  return (
    link.type === 'waiting' &&
    troubles.get(replica)?.kind === 'store_mismatch' &&
    current !== null &&
    position !== null &&
    position.storeId !== views.get(replica)?.position?.storeId &&
    takesPlaceOf(position, current.position.storeId)
  );
}

/** Leaves a replica for a fresher one, if there is one: at once when it is stopping, soon when it is stale. */
function follow(state: State): Step {
  if (state.link.type !== 'subscribed') return stay(state);
  if (state.views.get(state.link.replica)?.stopping) return moveDue(state);
  if (state.moving || fresher(state) === null) return stay(state);
  return { state: { ...state, moving: true }, effects: [{ type: 'move-soon' }] };
}

function moveDue(state: State): Step {
  const better = fresher(state);
  if (better === null || state.link.type !== 'subscribed') return stay(state);
  const message = `moving from the control plane at ${state.link.replica} to ${better}, which is fresher`;
  const effects: Effect[] = [{ type: 'disconnect' }, { type: 'log', level: 'info', message }];
  return precededBy(effects, connectTo(state, better));
}

function fresher({ link, replicas, views, current }: State): string | null {
  return link.type === 'subscribed'
    ? fresherReplica(replicas, link.replica, views, current?.position ?? null)
    : null;
}

/** Forgets what is known about replicas that are gone, and leaves the one in use when it is among them. */
function replicasChanged(state: State, replicas: readonly string[]): Step {
  const { link } = state;
  const only = <V>(map: ReadonlyMap<string, V>) =>
    new Map([...map].filter(([replica]) => replicas.includes(replica)));
  const next: State = { ...state, replicas, views: only(state.views), troubles: only(state.troubles) };
  if (!('replica' in link) || replicas.includes(link.replica)) return stay(next);
  const disconnect: Effect = { type: 'disconnect' };
  if (link.type === 'applying') {
    return { state: { ...next, link: { ...link, streaming: false } }, effects: [disconnect] };
  }
  return precededBy([disconnect], tryNext(next, null));
}
