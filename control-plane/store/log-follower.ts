/**
 * Follows the log and keeps its fold in memory.
 *
 * Invariants
 *  - what it gives out is one valid prefix of one history, and never goes back (follow.ts);
 *  - a wake is a hint; the head is looked at once a second anyhow, and the numbers of the commits show any gap;
 *  - a store that is away, or that turned into another one, changes nothing here: it is said in words, and looked at again.
 */
import type { Commit, Position } from '../../core/model/commit.ts';
import { applyCommits, emptyState } from '../../core/model/fold.ts';
import { originOf } from '../../core/model/succession.ts';
import type { State } from '../../core/model/state.ts';
import { type Backoff, backoff } from '../../core/runtime/backoff.ts';
import { type Clock, sleep } from '../../core/runtime/clock.ts';
import { LbError, messageOf } from '../../core/runtime/errors.ts';
import type { Random } from '../../core/runtime/random.ts';
import type { ConfigStore } from './config-store.ts';
import { isSuccession, whyNotContinuation, whyNotSameHistory } from './follow.ts';
import { History, type RequestOutcome, type RevisionRecord } from './history.ts';
import { SharedRun } from './shared-run.ts';

/** From the start of one look to the start of the next: a slow one must not put off the news by its own time. */
const LOOK_INTERVAL_MS = 1_000;
const RETRY_MIN_MS = 100;
/** A store that is back is found well within the two seconds that a commit may take to be seen. */
const RETRY_MAX_MS = 500;
const READ_COMMITS = 100;

/** A state and where it stands. */
export interface Followed {
  readonly state: State;
  readonly position: Position;
}

/** An answer to a read: `stale` when the store could not be asked and it comes from memory. */
export interface ReadResult extends Followed {
  readonly stale: boolean;
}

export type FollowerStatus = { readonly ready: true } | { readonly ready: false; readonly reason: string };

export interface LogFollowerDeps {
  readonly store: ConfigStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Told once when the store becomes unusable and once when it is usable again. */
  readonly onStatus?: (status: FollowerStatus) => void;
}

export class LogFollower {
  readonly #store: ConfigStore;
  readonly #clock: Clock;
  readonly #retry: Backoff;
  readonly #onStatus: (status: FollowerStatus) => void;
  readonly #listeners = new Set<(followed: Followed) => void>();
  readonly #sync = new SharedRun(() => this.#synchronize());
  readonly #stopping = new AbortController();
  #history = new History();
  #followed: Followed | null = null;
  #status: FollowerStatus = { ready: false, reason: 'the store has not been read yet' };
  #heardMs = Number.NEGATIVE_INFINITY;
  #wake = new AbortController();
  #loop: Promise<void> | undefined;

  constructor({ store, clock, random, onStatus }: LogFollowerDeps) {
    this.#store = store;
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

  /** Calls `listener` after the first read and every change of revision. Returns a way to stop. */
  onChange(listener: (followed: Followed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The commit that carried out a request, among all that were followed. */
  requestOutcome(requestId: string): RequestOutcome | undefined {
    return this.#history.outcome(requestId);
  }

  /** At most `limit` of the newest revisions, those before `before` only, newest first. */
  revisions(limit: number, before?: number): RevisionRecord[] {
    return this.#history.newest(limit, before);
  }

  /**
   * Reads on to a head that is asked for after this call. Callers at the same time share one look.
   * Throws UNAVAILABLE when the store does not answer, FAILED_PRECONDITION when its history is not the one followed.
   */
  catchUp(): Promise<Followed> {
    return this.#sync.start();
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
    const stopWaking = this.#store.onWake(() => this.#wake.abort());
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
    stopWaking();
  }

  async #synchronize(): Promise<Followed> {
    try {
      const followed = await this.#readOn();
      this.#setStatus({ ready: true });
      return followed;
    } catch (error) {
      this.#setStatus({ ready: false, reason: messageOf(error) });
      throw error;
    }
  }

  async #readOn(): Promise<Followed> {
    const startedMs = this.#clock.nowMs();
    const head = await this.#store.head();
    this.#heardMs = startedMs;
    const known = this.#followed;
    const doubt = known === null ? undefined : whyNotSameHistory(known.position, head);
    if (doubt !== undefined) throw this.#notOurs(doubt, 'an operator accepts the store (lbctl store adopt)');
    if (
      known !== null &&
      head.storeId === known.position.storeId &&
      head.revision === known.position.revision
    ) {
      return this.#keep({ state: known.state, position: head }, []);
    }
    const base = known !== null && isSuccession(known.position, head) ? null : known;
    let state = base?.state ?? emptyState(originOf(head));
    const commits: Commit[] = [];
    while (state.head.revision < head.revision) {
      const more = await this.#readCommits(state, head.revision);
      state = applyCommits(state, more);
      commits.push(...more);
    }
    const { revision, hash, storeId } = state.head;
    if (hash !== head.hash || storeId !== head.storeId)
      throw this.#notOurs(`revision ${revision} is not the one that its head names`);
    if (base === null) this.#history = new History();
    return this.#keep({ state, position: head }, commits);
  }

  /** Not beyond `last`, so that the state always stands at a head that was read with its version. */
  async #readCommits(state: State, last: number): Promise<Commit[]> {
    const from = state.head.revision + 1;
    const commits = await this.#store.read(from, Math.min(READ_COMMITS, last + 1 - from));
    if (commits.length === 0)
      throw this.#notOurs(`its log ends before revision ${from}, and its head says ${last}`);
    const doubt = whyNotContinuation(state.head, commits);
    if (doubt !== undefined) throw this.#notOurs(doubt);
    return commits;
  }

  #keep(followed: Followed, commits: readonly Commit[]): Followed {
    const changed = this.#followed?.position.hash !== followed.position.hash;
    for (const commit of commits) this.#history.record(commit);
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

/** But for numbers: what a client says of one outage has other times and durations each time. */
function areAlike(reason: string, other: string): boolean {
  const wordsOf = (text: string) => text.replaceAll(/\d+/g, '');
  return wordsOf(reason) === wordsOf(other);
}
