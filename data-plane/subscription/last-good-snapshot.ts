/**
 * The start from disk: which snapshot runs before any control plane has answered.
 *
 * Invariants
 *  - the newest one that can be read and run; where that is torn, foreign or can't be run, the one before it;
 *  - one that three starts in a row did not survive is set aside, then the one before it, too: no snapshot keeps this
 *    proxy down for ever. A start has survived after ten seconds, once a control plane stands by what runs or has
 *    replaced it, or with a stop in order;
 *  - what is passed over stays on disk, under another name, and a log line says why.
 */
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { readSnapshotFile, type SavedSnapshot, setSnapshotAside, SNAPSHOT_FILES } from './snapshot-file.ts';
import { forgetStarts, isCrashLoop, noteStarts, unfinishedStarts } from './start-count.ts';

const SURVIVED_MS = 10_000;
const VIOLATIONS_LOGGED = 20;

export interface LastGoodOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class LastGood {
  readonly #options: LastGoodOptions;
  #timer: Timer | null = null;

  constructor(options: LastGoodOptions) {
    this.#options = options;
  }

  /** Runs what an earlier process left, if there is something that can be run. `run` returns why not. */
  async resume(run: (snapshot: Snapshot) => Promise<readonly Violation[]>): Promise<SavedSnapshot | null> {
    const { clock, logger, stateDir } = this.#options;
    await this.#countStart();
    this.#timer = clock.after(SURVIVED_MS, () => this.survived());
    for (const name of SNAPSHOT_FILES) {
      const read = await readSnapshotFile(stateDir, name);
      if (read.type === 'none') continue;
      if (read.type === 'ignored') {
        logger.warn({ file: read.path, reason: read.reason }, 'a saved snapshot is ignored');
        await this.#setAside(name);
        continue;
      }
      const { snapshot, savedAtMs } = read.saved;
      const violations = await run(snapshot);
      if (violations.length === 0) {
        const age_s = Math.max(0, Math.round((clock.wallMs() - savedAtMs) / 1_000));
        const fields = { revision: snapshot.position.revision, file: name, age_s };
        logger.info(
          fields,
          'serving the last good snapshot from disk until a control plane confirms or replaces it',
        );
        return read.saved;
      }
      const shown = violations.slice(0, VIOLATIONS_LOGGED);
      logger.warn({ file: name, violations: shown }, 'a saved snapshot is ignored: it cannot be run');
      await this.#setAside(name);
    }
    return null;
  }

  /** This process has lived with what it runs for long enough. May be called again. */
  survived(): void {
    if (this.#timer === null) return;
    this.#timer.cancel();
    this.#timer = null;
    forgetStarts(this.#options.stateDir).catch((error: unknown) => this.#warn(error));
  }

  async #countStart(): Promise<void> {
    const { stateDir, logger } = this.#options;
    try {
      let unfinished = await unfinishedStarts(stateDir);
      if (isCrashLoop(unfinished)) {
        const file = await this.#setAsideFirst();
        if (file !== null) {
          const message = `${unfinished} starts in a row ended before they were good: what they ran is set aside`;
          logger.error({ file, kept_as: `${file}.set-aside` }, message);
        }
        unfinished = 0;
      }
      await noteStarts(stateDir, unfinished + 1);
    } catch (error) {
      this.#warn(error);
    }
  }

  /** The one that was run until now. */
  async #setAsideFirst(): Promise<string | null> {
    for (const name of SNAPSHOT_FILES) {
      if (await setSnapshotAside(this.#options.stateDir, name)) return name;
    }
    return null;
  }

  async #setAside(name: string): Promise<void> {
    await setSnapshotAside(this.#options.stateDir, name).catch((error: unknown) => this.#warn(error));
  }

  #warn(error: unknown): void {
    const { stateDir, logger } = this.#options;
    const fields = { state_dir: stateDir, reason: messageOf(error) };
    logger.warn(fields, 'the state directory cannot be written: starts are not counted');
  }
}
