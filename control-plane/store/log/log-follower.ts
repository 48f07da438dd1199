/**
 * Follows the log and keeps its fold in memory.
 *
 * Invariants
 *  - what it gives out is one valid prefix of one history, and never goes back (follow.ts);
 *  - a wake is a hint; the head is looked at once a second anyhow, and the numbers of the commits show any gap;
 *  - where the log was trimmed beyond what is known, a checkpoint takes its place, never an older one;
 *  - a change is decided only once every request_id in the log is known, those behind a checkpoint included;
 *  - a store that is away, or that turned into another one, changes nothing here: it is said in words, and looked at again.
 */
import type { Commit, Head } from '../../../core/model/commit.ts';
import { emptyState } from '../../../core/model/fold.ts';
import { originOf } from '../../../core/model/succession.ts';
import { type Backoff, backoff } from '../../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../../core/runtime/errors.ts';
import type { Random } from '../../../core/runtime/random.ts';
import type { EarlierCount } from './active-backend-history.ts';
import { ActiveBackendTracker } from './active-backend-tracker.ts';
import type { ConfigStore } from '../config-store.ts';
import { encodedBytes } from './commit-codec.ts';
import { type FollowedState, planCatchUp } from './catch-up-plan.ts';
import { CommitIndex, type RequestOutcome } from './commit-index.ts';
import type { RevisionRecord } from './revision-recorder.ts';
import { LogReader, type StartedWith } from './log-reader.ts';
import { NewerFormatError } from '../newer-format.ts';
import { readPassedOver } from './outcomes.ts';
import { type Member, type MemberStore, withoutMembers } from '../member-store.ts';
import { SharedRun } from '../shared-run.ts';

/** From the start of one look to the start of the next: a slow one must not put off the news by its own time. */
const LOOK_INTERVAL_MS = 1_000;
/** A store that answered within this time was not missed: a look a second, and what one may take. */
export const STORE_FRESH_MS = 2_500;
const RETRY_MIN_MS = 100;
/** A store that is back is found well within the two seconds that a commit may take to be seen. */
const RETRY_MAX_MS = 500;

export interface Followed extends FollowedState {
  /** As of the same version. The same array as long as nothing changed. */
  readonly members: readonly Member[];
}

/** An answer to a read: `stale` when the store could not be asked and it comes from memory. */
export interface ReadResult extends Followed {
  readonly stale: boolean;
}

export type FollowerStatus =
  | { readonly ready: true }
  /** `outdated`: a newer program wrote the store. */
  | { readonly ready: false; readonly reason: string; readonly outdated?: boolean };

export interface LogFollowerDeps {
  readonly store: ConfigStore;
  /** Left out: there are no members. */
  readonly memberStore?: Pick<MemberStore, 'read' | 'onWake'>;
  readonly clock: Clock;
  readonly random: Random;
  /** Told once when the store becomes unusable and once when it is usable again. */
  readonly onStatus?: (status: FollowerStatus) => void;
  /** Told of each checkpoint that is passed over, and why. */
  readonly onIgnored?: (words: string) => void;
}

export class LogFollower {
  readonly #store: ConfigStore;
  readonly #memberStore: Pick<MemberStore, 'read' | 'onWake'>;
  readonly #clock: Clock;
  readonly #retry: Backoff;
  readonly #onStatus: (status: FollowerStatus) => void;
  readonly #listeners = new Set<(followed: Followed) => void>();
  readonly #sync = new SharedRun(() => this.#synchronize());
  readonly #stopping = new AbortController();
  #history = new CommitIndex();
  readonly #reader: LogReader;
  readonly #filling = new SharedRun(() => this.#fill());
  /** The part of the log that a checkpoint stands for: its requests are not known yet. */
  #passedOver: { readonly known: number; readonly end: Head } | null = null;
  #logBytes = 0;
  readonly #past: ActiveBackendTracker;
  #followed: Followed | null = null;
  #status: FollowerStatus = { ready: false, reason: 'the store has not been read yet' };
  #heardMs = Number.NEGATIVE_INFINITY;
  #wake = new AbortController();
  #loop: Promise<void> | undefined;

  constructor({ store, memberStore, clock, random, onStatus, onIgnored }: LogFollowerDeps) {
    this.#store = store;
    this.#memberStore = memberStore ?? withoutMembers(store);
    this.#reader = new LogReader(store, onIgnored);
    this.#past = new ActiveBackendTracker(store, this.#reader, clock);
    this.#clock = clock;
    this.#retry = backoff(RETRY_MIN_MS, RETRY_MAX_MS, random);
    this.#onStatus = onStatus ?? (() => undefined);
  }

  /** Follows from now on, and keeps trying where the store does not answer. Returns at once. */
  start(): void {
    this.#loop ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.abort();
    await this.#loop;
  }

  /** What is in memory, or null before the first read. */
  current(): Followed | null {
    return this.#followed;
  }

  /** Whether the last look at the store found it there and in order. */
  status(): FollowerStatus {
    return this.#status;
  }

  /** Milliseconds since the store last answered; infinite before the first time. */
  storeAgeMs(): number {
    return this.#clock.nowMs() - this.#heardMs;
  }

  /** Calls `listener` after the first read and every change of version or members. Returns a way to stop. */
  onChange(listener: (followed: Followed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Bytes of all commits up to the current revision, those that were trimmed away included. */
  logBytes(): number {
    return this.#logBytes;
  }

  /** The log now begins with this revision: what happened before it is forgotten. */
  forgetBefore(revision: number): void {
    this.#history.forgetBefore(revision);
  }

  /** The commit that carried out a request, among all that are known: see `catchUpToDecide`. */
  requestOutcome(requestId: string): RequestOutcome | undefined {
    return this.#history.outcome(requestId);
  }

  /** At most `limit` of the newest revisions, those before `before` only, newest first. */
  revisions(limit: number, before?: number): RevisionRecord[] {
    return this.#history.newest(limit, before);
  }

  /** How many active backends were configured in a pool ten minutes ago; null before the first read. */
  activeTenMinutesAgo(pool: string): EarlierCount | null {
    return this.#past.tenMinutesAgo(pool);
  }

  /**
   * Reads on to a head that is asked for after this call. Callers at the same time share one look.
   * Throws UNAVAILABLE when the store does not answer, FAILED_PRECONDITION when its history is not the one followed.
   */
  catchUp(): Promise<Followed> {
    return this.#sync.start();
  }

  /** The same, and knows the outcome of every request whose commit is in the log, and what the guard compares with. */
  async catchUpToDecide(): Promise<Followed> {
    const followed = await this.catchUp();
    if (this.#passedOver !== null) await this.#filling.start();
    await this.#past.complete();
    return followed;
  }

  /** Everything that was acknowledged before this call; from memory and `stale` when the store can't tell. */
  async readBarrier(): Promise<ReadResult> {
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
      // Renewed before the look: a wake that comes during it starts another one.
      this.#wake = new AbortController();
      const startedMs = this.#clock.nowMs();
      const pauseMs = await this.catchUp().then(
        () => {
          this.#retry.reset();
          return Math.max(0, startedMs + LOOK_INTERVAL_MS - this.#clock.nowMs());
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
      const followed = await this.#readOn();
      this.#setStatus({ ready: true });
      return followed;
    } catch (error) {
      this.#setStatus({
        ready: false,
        reason: messageOf(error),
        // A store that is away now is no older for it.
        outdated: error instanceof NewerFormatError || isOutdated(this.#status),
      });
      throw error;
    }
  }

  async #readOn(): Promise<Followed> {
    const startedMs = this.#clock.nowMs();
    const { position: head, members } = await this.#memberStore.read();
    this.#heardMs = startedMs;
    const way = planCatchUp(this.#followed, head);
    if (way.type === 'refuse') {
      throw this.#notOurs(way.doubt, 'an operator accepts the store (lbctl store adopt)');
    }
    if (way.type === 'stay') return this.#keep({ state: way.state, position: head, members }, []);
    const { base } = way;
    const read = await this.#reader.readTo(head, { ...(base !== null && { known: base.state }) });
    if (!read.ok) throw this.#notOurs(read.doubt);
    this.#rememberStart(base, read.checkpoint);
    const start = read.checkpoint?.state ?? base?.state ?? emptyState(originOf(head));
    if (start !== base?.state) this.#past.begin(start, read.checkpoint);
    this.#past.follow(start, read.commits, read.state);
    return this.#keep({ state: read.state, position: head, members }, read.commits);
  }

  /** What is remembered goes on from `base`, and over whatever a checkpoint stands for. */
  #rememberStart(base: FollowedState | null, checkpoint: StartedWith | undefined): void {
    if (base === null) {
      this.#history = new CommitIndex();
      this.#passedOver = null;
      this.#logBytes = 0;
    }
    if (checkpoint === undefined) return;
    this.#history.restart(checkpoint.state);
    this.#logBytes = checkpoint.mark.logBytes;
    const known = this.#passedOver?.known ?? base?.position.revision ?? 0;
    this.#passedOver = { known, end: checkpoint.state.head };
  }

  /** Once filled in, it is known; a newer checkpoint that was begun with meanwhile is not. */
  async #fill(): Promise<void> {
    const part = this.#passedOver;
    if (part === null) return;
    await readPassedOver(this.#store, part.known, part.end, (commit) => this.#history.fill(commit));
    if (this.#passedOver === part) this.#passedOver = null;
  }

  #keep(followed: Followed, commits: readonly Commit[]): Followed {
    const before = this.#followed;
    const changed =
      before?.position.version !== followed.position.version ||
      before.position.hash !== followed.position.hash ||
      before.members !== followed.members;
    for (const commit of commits) {
      this.#history.record(commit);
      this.#logBytes += encodedBytes(commit);
    }
    this.#followed = followed;
    if (changed) for (const listener of this.#listeners) listener(followed);
    return followed;
  }

  #notOurs(doubt: string, until = 'an operator has looked at it'): LbError {
    const kept =
      this.#followed === null ? 'nothing is served' : `revision ${this.#followed.position.revision} is kept`;
    const message = `the store ${this.#store.description} can't be followed: ${doubt}; ${kept} until ${until}`;
    return new LbError('FAILED_PRECONDITION', message);
  }

  #setStatus(status: FollowerStatus): void {
    const before = this.#status;
    this.#status = status;
    const same = before.ready ? status.ready : !status.ready && areAlike(before.reason, status.reason);
    if (!same) this.#onStatus(status);
  }
}

function isOutdated(status: FollowerStatus): boolean {
  return !status.ready && status.outdated === true;
}

/** But for numbers: what a client says of one outage has other times and durations each time. */
function areAlike(reason: string, other: string): boolean {
  const wordsOf = (text: string) => text.replaceAll(/\d+/g, '');
  return wordsOf(reason) === wordsOf(other);
}
