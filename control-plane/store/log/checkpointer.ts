/**
 * Writes checkpoints and trims the log. Every replica does, and none has to: the store lets one of them win.
 *
 * Invariants
 *  - one run at a time, after a random pause, so that replicas rarely do the same work;
 *  - the log is trimmed only up to a checkpoint that was read back whole and stands on the commit of its revision;
 *  - a failure of the store is logged and retried later: nothing else waits for it.
 */
import type { Clock, Timer } from '../../../core/runtime/clock.ts';
import { messageOf } from '../../../core/runtime/errors.ts';
import type { Logger } from '../../../core/runtime/logger.ts';
import type { Random } from '../../../core/runtime/random.ts';
import type { ConfigStore } from '../config-store.ts';
import { type CheckpointMark, decodeCheckpoint, encodeCheckpoint } from './checkpoint-codec.ts';
import { oldestKept, readableMarks } from './kept-log.ts';
import type { LogFollower } from './log-follower.ts';
import { isCheckpointDue, type LogEnd, type RetentionLimits, trimTarget } from './retention.ts';

const PAUSE_MAX_MS = 2_000;
const RETRY_MS = 30_000;

export interface CheckpointerDeps {
  readonly store: ConfigStore;
  readonly follower: LogFollower;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** A new unique name. */
  readonly newWriter: () => string;
  readonly limits: RetentionLimits;
}

export class Checkpointer {
  readonly #deps: CheckpointerDeps;
  readonly #stopFollowing: () => void;
  #newest: CheckpointMark | undefined;
  #timer: Timer | undefined;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(deps: CheckpointerDeps) {
    this.#deps = deps;
    this.#stopFollowing = deps.follower.onChange(() => this.#runSoonIfDue());
  }

  /** Resolves once what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#stopFollowing();
    this.#timer?.cancel();
    await this.#running;
  }

  #runSoonIfDue(): void {
    if (this.#stopped || this.#timer !== undefined || this.#running !== undefined || !this.#isDue()) return;
    this.#schedule(this.#deps.random.next() * PAUSE_MAX_MS);
  }

  #schedule(afterMs: number): void {
    this.#timer = this.#deps.clock.after(afterMs, () => {
      this.#timer = undefined;
      this.#running = this.#tryRun().then((done) => {
        this.#running = undefined;
        if (this.#stopped) return;
        if (done) this.#runSoonIfDue();
        else this.#schedule(RETRY_MS);
      });
    });
  }

  async #tryRun(): Promise<boolean> {
    try {
      await this.run();
      return true;
    } catch (error) {
      const { store, logger } = this.#deps;
      const fields = { store: store.description, reason: messageOf(error) };
      logger.warn(fields, 'the checkpoint could not be written: trying again later');
      return false;
    }
  }

  /** Writes a checkpoint if one is due, and trims what need not be kept. Throws LbError when the store fails. */
  async run(): Promise<void> {
    const { store, follower, clock, limits, logger } = this.#deps;
    await this.#readMarks();
    if (this.#isDue()) await this.#write();
    const marks = await this.#readMarks();
    const isWhole = (await oldestKept(store)) === 1;
    const target = trimTarget(this.#end(), marks, isWhole, clock.wallMs(), limits);
    if (target !== undefined && (await this.#isSound(target))) {
      const { revision } = target.head;
      // False: another replica has trimmed further.
      if (await store.trim(revision)) logger.info({ revision }, 'the log was trimmed up to this checkpoint');
    }
    follower.forgetBefore(await oldestKept(store));
  }

  async #readMarks(): Promise<CheckpointMark[]> {
    const { store, follower } = this.#deps;
    const head = follower.current()?.state.head;
    const marks = head === undefined ? [] : await readableMarks(store, head);
    this.#newest = marks.at(-1);
    return marks;
  }

  async #write(): Promise<void> {
    const { store, follower, logger, newWriter } = this.#deps;
    const state = follower.current()?.state;
    const [last] = follower.revisions(1);
    // The replica began with a checkpoint, and no commit came after it.
    if (state === undefined || last === undefined) return;
    const facts = { timeMs: last.timeMs, logBytes: follower.logBytes(), writer: newWriter() };
    const checkpoint = encodeCheckpoint(state, facts);
    const { revision } = checkpoint;
    if (await store.writeCheckpoint(checkpoint))
      logger.info({ revision, bytes: checkpoint.facts.bytes }, 'a checkpoint was written');
  }

  /** Whether it can be read whole, and the log shows that it belongs there. */
  async #isSound(mark: CheckpointMark): Promise<boolean> {
    const { store, logger } = this.#deps;
    const { revision, hash } = mark.head;
    const [commit] = await store.read(revision, 1);
    // Trimmed that far already.
    if (commit === undefined) return false;
    const decoded = decodeCheckpoint(mark, await store.readChunks(revision, mark.writer));
    if (decoded.ok && commit.hash === hash) return true;
    const reason = decoded.ok ? 'the commit of its revision is a different one' : decoded.reason;
    logger.warn({ revision, reason }, 'a checkpoint is damaged: the log is not trimmed');
    return false;
  }

  #isDue(): boolean {
    return isCheckpointDue(this.#end(), this.#newest, this.#deps.limits);
  }

  #end(): LogEnd {
    const { follower } = this.#deps;
    return { revision: follower.current()?.position.revision ?? 0, logBytes: follower.logBytes() };
  }
}
