/**
 * Follows the log and keeps the state that it adds up to in memory.
 *
 * Invariants
 *  - the states that it gives out are one valid prefix of one history, and never go back (catch-up-plan.ts);
 *  - a wake is only a hint: the head is read once a second anyway, and the revision numbers show any gap;
 *  - where the log was trimmed beyond its state, it continues from a checkpoint, never from an older one;
 *  - a change is decided only once every request_id in the log is known, including those behind a checkpoint;
 *  - when the store is away, or became another store, the state stays as it is: the follower says so and tries again.
 */
import type { Commit, Head, Position } from '../../../core/model/commit.ts';
import { emptyState } from '../../../core/model/fold.ts';
import { originOf } from '../../../core/model/store-succession.ts';
import { type Backoff, backoff } from '../../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import type { Random } from '../../../core/runtime/random.ts';
import type { ConfigStore } from '../config-store.ts';
import { type Member, type MemberStore, withoutMembers } from '../member-store.ts';
import { SharedRun } from '../shared-run.ts';
import type { RecentMost } from './active-backend-history.ts';
import { ActiveBackendTracker } from './active-backend-tracker.ts';
import { type CatchUpPlan, type FollowedState, planCatchUp } from './catch-up-plan.ts';
import { encodedBytes, NewerFormatError } from './commit-codec.ts';
import { CommitIndex, type RequestOutcome } from './commit-index.ts';
import { LogReader, type StartCheckpoint, visitCommits } from './log-reader.ts';
import type { RevisionRecord } from './revision-recorder.ts';

/** From the start of one poll to the start of the next, so that a slow one does not delay the next one, too. */
const POLL_INTERVAL_MS = 1_000;
/** A store that answered within this time is not away: one poll interval, and the time that a poll may take. */
export const STORE_FRESH_MS = 2_500;
const RETRY_MIN_MS = 100;
/** A store that is back is found well within the two seconds that a commit may take to be seen. */
const RETRY_MAX_MS = 500;

export interface Followed extends FollowedState {
  /** At the same version. The same array as long as nothing changed. */
  readonly members: readonly Member[];
}

/** `stale`: the store could not be read, and this comes from memory. */
export interface BarrierRead extends Followed {
  readonly stale: boolean;
}

export type FollowerStatus =
  | { readonly ready: true }
  /** `outdated`: a newer program wrote the store. */
  | { readonly ready: false; readonly reason: string; readonly outdated?: boolean };

export interface LogFollowerDeps {
  readonly store: ConfigStore;
  /** Without it there are no members. */
  readonly memberStore?: Pick<MemberStore, 'read' | 'onWake'>;
  readonly clock: Clock;
  readonly random: Random;
  /** It reads a store that has moved, too, so that an operator can adopt it. */
  readonly adopts?: boolean;
  /** Called once when the store becomes unusable, and once when it is usable again. */
  readonly onStatus?: (status: FollowerStatus) => void;
  /** Called for each checkpoint that is ignored, with the reason. */
  readonly onIgnored?: (words: string) => void;
}

export class LogFollower {
  readonly #store: ConfigStore;
  readonly #memberStore: Pick<MemberStore, 'read' | 'onWake'>;
  readonly #adopts: boolean;
  readonly #clock: Clock;
  readonly #retry: Backoff;
  readonly #onStatus: (status: FollowerStatus) => void;
  readonly #listeners = new Set<(followed: Followed) => void>();
  readonly #sync = new SharedRun(() => this.#synchronize());
  readonly #stopping = new AbortController();
  readonly #reader: LogReader;
  readonly #filling = new SharedRun(() => this.#fillIndex());
  readonly #activeBackends: ActiveBackendTracker;
  #index = new CommitIndex();
  /** The part of the log that a checkpoint replaced, whose requests are not known yet. */
  #skipped: { readonly after: number; readonly end: Head } | null = null;
  #logBytes = 0;
  #followed: Followed | null = null;
  #status: FollowerStatus = { ready: false, reason: 'the store has not been read yet' };
  #answeredMs = Number.NEGATIVE_INFINITY;
  #wake = new AbortController();
  #loop: Promise<void> | undefined;

  constructor({ store, memberStore, clock, random, adopts, onStatus, onIgnored }: LogFollowerDeps) {
    this.#store = store;
    this.#adopts = adopts ?? false;
    this.#memberStore = memberStore ?? withoutMembers(store);
    this.#reader = new LogReader(store, onIgnored);
    this.#activeBackends = new ActiveBackendTracker(store, this.#reader, clock);
    this.#clock = clock;
    this.#retry = backoff(RETRY_MIN_MS, RETRY_MAX_MS, random);
    this.#onStatus = onStatus ?? (() => undefined);
  }

  /** Follows from now on, and keeps trying when the store does not answer. Returns at once. */
  start(): void {
    this.#loop ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#loop;
  }

  /** What is in memory; null before the first read. */
  current(): Followed | null {
    return this.#followed;
  }

  /** Whether the last read of the store succeeded and continued the same history. */
  status(): FollowerStatus {
    return this.#status;
  }

  /** Milliseconds since the store last answered; infinite before the first answer. */
  storeAgeMs(): number {
    return this.#clock.nowMs() - this.#answeredMs;
  }

  /** Calls `listener` after the first read and after every change of version or members. Returns a way to stop. */
  onChange(listener: (followed: Followed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Bytes of all commits up to the current revision, including those that were trimmed away. */
  logBytes(): number {
    return this.#logBytes;
  }

  /** The log now begins with this revision: what is older is forgotten. */
  forgetBefore(revision: number): void {
    this.#index.forgetBefore(revision);
  }

  /** The outcome of a request, among all commits that are known: see `catchUpToDecide`. */
  requestOutcome(requestId: string): RequestOutcome | undefined {
    return this.#index.outcome(requestId);
  }

  /** At most `limit` of the newest thousand revisions, only those before `before`, newest first. */
  revisions(limit: number, before?: number): RevisionRecord[] {
    return this.#index.newest(limit, before);
  }

  /** One of the newest thousand revisions. */
  revision(revision: number): RevisionRecord | undefined {
    return this.revisions(1, revision + 1).find((record) => record.revision === revision);
  }

  /** The most active backends that a pool had in its configuration in the last ten minutes; null before the first read. */
  mostActiveLately(pool: string): RecentMost | null {
    return this.#activeBackends.recentMost(pool);
  }

  /**
   * Reads up to a head that is requested after this call. Concurrent callers share one read. Throws UNAVAILABLE when the
   * store does not answer, FAILED_PRECONDITION when its history is not the one that was followed.
   */
  catchUp(): Promise<Followed> {
    return this.#sync.start();
  }

  /** `catchUp`, and then learns the outcome of every request in the log and what the guard compares with. */
  async catchUpToDecide(): Promise<Followed> {
    const followed = await this.catchUp();
    if (this.#skipped !== null) await this.#filling.start();
    await this.#activeBackends.complete();
    return followed;
  }

  /** Everything that was acknowledged before this call; from memory and `stale` when the store can't be read. */
  async readBarrier(): Promise<BarrierRead> {
    try {
      return { ...(await this.catchUp()), stale: false };
    } catch (error) {
      if (this.#followed === null) throw error;
      return { ...this.#followed, stale: true };
    }
  }

  async #follow(): Promise<void> {
    const wake = () => this.#wake.abort();
    const stops = [this.#store.onWake(wake), this.#memberStore.onWake(wake)];
    while (!this.#stopping.signal.aborted) {
      // Renewed before the read: a wake that comes during it starts another one.
      this.#wake = new AbortController();
      const startedMs = this.#clock.nowMs();
      const pauseMs = await this.catchUp().then(
        () => {
          this.#retry.reset();
          return Math.max(0, startedMs + POLL_INTERVAL_MS - this.#clock.nowMs());
        },
        () => this.#retry.nextMs(),
      );
      if (this.#stopping.signal.aborted) break;
      await sleep(this.#clock, pauseMs, this.#wake.signal);
    }
    for (const stop of stops) stop();
  }

  async #synchronize(): Promise<Followed> {
    try {
      const followed = await this.#read();
      this.#setStatus({ ready: true });
      return followed;
    } catch (error) {
      const wasOutdated = !this.#status.ready && this.#status.outdated === true;
      // A store that does not answer any more still has the newer format.
      const outdated = error instanceof NewerFormatError || wasOutdated;
      this.#setStatus({ ready: false, reason: messageOf(error), outdated });
      throw error;
    }
  }

  async #read(): Promise<Followed> {
    const startedMs = this.#clock.nowMs();
    const { position, members } = await this.#memberStore.read();
    this.#answeredMs = startedMs;
    const plan = this.#plan(position);
    if (plan.type === 'refuse') throw this.#notOurs(plan.reason, 'an operator runs lbctl store adopt');
    if (plan.type === 'stay') return this.#keep({ state: plan.state, position, members }, []);
    const { base } = plan;
    const read = await this.#reader.readTo(position, { ...(base !== null && { base: base.state }) });
    if (!read.ok) throw this.#notOurs(read.reason, 'an operator has checked it');
    this.#startIndex(base, read.checkpoint);
    const start = read.checkpoint?.state ?? base?.state ?? emptyState(originOf(position));
    if (start !== base?.state) this.#activeBackends.begin(start, read.checkpoint);
    this.#activeBackends.follow(read.commits);
    return this.#keep({ state: read.state, position, members }, read.commits);
  }

  #plan(position: Position): CatchUpPlan {
    const reason = this.#adopts ? undefined : this.#store.whyMoved?.();
    return reason === undefined ? planCatchUp(this.#followed, position) : { type: 'refuse', reason };
  }

  /** The index goes on from `base`, or from a checkpoint with the log before it still to be filled in. */
  #startIndex(base: FollowedState | null, checkpoint: StartCheckpoint | undefined): void {
    if (base === null) {
      this.#index = new CommitIndex();
      this.#skipped = null;
      this.#logBytes = 0;
    }
    if (checkpoint === undefined) return;
    this.#index.restart(checkpoint.state);
    this.#logBytes = checkpoint.mark.logBytes;
    const after = this.#skipped?.after ?? base?.position.revision ?? 0;
    this.#skipped = { after, end: checkpoint.state.head };
  }

  async #fillIndex(): Promise<void> {
    const part = this.#skipped;
    if (part === null) return;
    await visitCommits(this.#store, part.after, part.end, (commit) => this.#index.fill(commit));
    // Meanwhile the follower may have begun with a newer checkpoint, and that part is still unknown.
    if (this.#skipped === part) this.#skipped = null;
  }

  #keep(followed: Followed, commits: readonly Commit[]): Followed {
    const before = this.#followed;
    const changed =
      before?.position.version !== followed.position.version ||
      before.position.hash !== followed.position.hash ||
      before.members !== followed.members;
    for (const commit of commits) {
      this.#index.record(commit);
      this.#logBytes += encodedBytes(commit);
    }
    this.#followed = followed;
    if (changed) for (const listener of this.#listeners) listener(followed);
    return followed;
  }

  #notOurs(reason: string, until: string): LbError {
    const revision = this.#followed?.position.revision;
    const kept = revision === undefined ? 'nothing is served' : `revision ${revision} is kept`;
    const message = `the store ${this.#store.description} can't be followed: ${reason}; ${kept} until ${until}`;
    return new LbError('FAILED_PRECONDITION', message);
  }

  #setStatus(status: FollowerStatus): void {
    const before = this.#status;
    this.#status = status;
    const same = before.ready ? status.ready : !status.ready && areAlike(before.reason, status.reason);
    if (!same) this.#onStatus(status);
  }
}

/** During one outage, the reason differs from try to try in its times and durations only. */
function areAlike(reason: string, other: string): boolean {
  const withoutNumbers = (text: string) => text.replaceAll(/\d+/g, '');
  return withoutNumbers(reason) === withoutNumbers(other);
}
