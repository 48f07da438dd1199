/** The explored world: immutable values, what is in whose memory, on disk, and under way. */
import type { SubscriptionState } from '../../../control-plane/distribution/subscription-machine.ts';
import type { PublishState } from '../../../control-plane/snapshot/publish-machine.ts';
import type { BatchState } from '../../../control-plane/store/log/batch-machine.ts';
import type { FollowedState } from '../../../control-plane/store/log/catch-up-plan.ts';
import type { Proposal } from '../../../control-plane/store/log/proposal.ts';
import type { Commit, Head, Position } from '../../../core/model/commit.ts';
import type { Snapshot } from '../../../core/model/snapshot.ts';
import type { DeltaPart } from '../../../data-plane/subscription/delta-part.ts';
import type { State } from '../../../data-plane/subscription/subscription-state.ts';
import type { RolloutState } from '../../../data-plane/worker/pool/rollout-machine.ts';
import type { ApplyStep, WorkerPlans } from '../plain-steps.ts';

export interface World {
  /** The first property that does not hold, in words. */
  readonly broken: string | null;
  /** The store: its log, and appends that nobody waits for any more, which may land yet. */
  readonly log: readonly Commit[];
  readonly late: readonly Append[];
  /** By change: what its client knows. */
  readonly writes: readonly WriteStatus[];
  readonly replicas: readonly Replica[];
  readonly stream: Stream | null;
  readonly proxy: Proxy;
  /** By worker: the highest revision that ever ran at its place, over all restarts. */
  readonly ran: readonly number[];
  /** The highest revision that the proxy ever acknowledged. */
  readonly acknowledged: number;
  /** A part of a delta was doubled, so it may have been refused: then only the next commit or stream mends it. */
  readonly garbled: boolean;
  readonly budget: Budget;
  readonly bounds: Bounds;
}

/** What may still happen. */
export interface Budget {
  /** Faults, in all. */
  readonly faults: number;
  /** The kinds of faults; none where nothing goes wrong any more. */
  readonly kinds: readonly Fault[];
  /** Reports of replicas that arrive at the proxy. */
  readonly reports: number;
}

/** How large the world is. */
export interface Bounds extends Budget {
  /** Of the three that clients ask for, the first so many. */
  readonly changes: number;
  /** One change after the other, or all at once. */
  readonly inTurn: boolean;
  /** Whether there is a proxy that subscribes. */
  readonly proxy: boolean;
  /** Whether what a replica sends is judged too, and not only what the proxy makes of it: yes, if left out. */
  readonly trustsSender?: boolean;
}

export type Fault =
  /** A request to the store whose answer does not come: it landed, lands later, or never. */
  | 'append-unknown'
  | 'append-doubled'
  | 'deadline'
  | 'cut'
  | 'replica-killed'
  | 'stream-broken'
  | 'message-lost'
  | 'message-doubled'
  | 'proxy-killed'
  | 'worker-killed';

export interface Append {
  readonly parent: Head;
  readonly commits: readonly Commit[];
}

/** `unknown-for-good`: a repeat was refused, and that says nothing about the try before it. */
export type Answer = 'committed' | 'refused' | 'nothing-written' | 'unknown' | 'unknown-for-good';

type WriteStatus =
  | { readonly type: 'new' }
  /** `doubted`: an earlier try may have been written, so only `committed` is an answer to the client. */
  | { readonly type: 'asked'; readonly replica: number; readonly doubted: boolean }
  | { readonly type: 'told'; readonly answer: Answer };

export interface Replica {
  readonly up: boolean;
  /** From the store. */
  readonly cut: boolean;
  readonly followed: FollowedState | null;
  readonly history: readonly Commit[];
  readonly publish: PublishState;
  /** Changes that wait for the next batch. */
  readonly queue: readonly Proposal[];
  readonly batch: BatchState<Proposal> | null;
  /** What the batch waits for. */
  readonly awaits:
    | { readonly type: 'catch-up' }
    | { readonly type: 'append'; readonly append: Append }
    | { readonly type: 'answer'; readonly end: 'appended' | 'conflict' }
    | null;
  readonly sent: readonly Proposal[];
}

export type UpMessage =
  | { readonly type: 'subscribe'; readonly position: Position | null; readonly hash: string }
  | { readonly type: 'ack'; readonly nonce: string }
  | { readonly type: 'nack'; readonly nonce: string };

export type DownMessage =
  | { readonly type: 'part'; readonly part: DeltaPart }
  | { readonly type: 'withheld'; readonly reason: 'replica_behind' | 'store_mismatch' | 'not_ready' };

/** Between the proxy and one replica. */
export interface Stream {
  readonly replica: number;
  readonly server: SubscriptionState;
  readonly up: readonly UpMessage[];
  readonly down: readonly DownMessage[];
  /** Nothing passes any more; the proxy has not noticed yet. */
  readonly ended: boolean;
  readonly look: { readonly claimed: Position; readonly proxyAhead: boolean } | null;
}

export interface Proxy {
  readonly state: State;
  /** What the next process starts with, and what was written beside it. */
  readonly disk: Snapshot;
  readonly staged: Snapshot | null;
  readonly apply: {
    /** The first is under way. */
    readonly steps: readonly ApplyStep[];
    readonly fromDisk: boolean;
    readonly snapshot: Snapshot;
    readonly sequence: number;
  } | null;
  readonly plans: ReadonlyMap<number, Snapshot>;
  readonly rollout: RolloutState;
  readonly workers: readonly WorkerThread[];
  readonly workersStarted: number;
}

export interface WorkerThread {
  readonly number: number;
  readonly started: boolean;
  readonly plans: WorkerPlans<PlanOfWorker>;
  /** What it was ordered and has not done yet; `plan` is what the order brings with it. */
  readonly order: {
    readonly type: 'prepare' | 'commit';
    readonly plan: PlanOfWorker | null;
    readonly sequence: number;
  } | null;
}

interface PlanOfWorker {
  readonly sequence: number;
  readonly snapshot: Snapshot;
}

/** The first break counts. */
export function breakIf(world: World, isBroken: boolean, words: string): World {
  return isBroken && world.broken === null ? { ...world, broken: words } : world;
}

export function withReplica(world: World, index: number, patch: Partial<Replica>): World {
  const replicas = world.replicas.map((replica, at) => (at === index ? { ...replica, ...patch } : replica));
  return { ...world, replicas };
}

export function withProxy(world: World, patch: Partial<Proxy>): World {
  return { ...world, proxy: { ...world.proxy, ...patch } };
}

export function withStream(world: World, patch: Partial<Stream>): World {
  return world.stream === null ? world : { ...world, stream: { ...world.stream, ...patch } };
}

export function replicaAt(world: World, index: number): Replica {
  const replica = world.replicas[index];
  if (!replica) throw new RangeError(`there is no replica ${index}`);
  return replica;
}
