/**
 * The start from disk: the snapshot that runs before any control plane has answered.
 *
 * Invariants
 *  - it is the newest one that can be read and run; the one before it is used where the newest cannot be;
 *  - a snapshot that three starts in a row did not survive is set aside, and then the one before it: no snapshot keeps
 *    this proxy down for ever. A start has survived after ten seconds, when a control plane has confirmed or replaced
 *    the snapshot, and when the proxy is stopped in order;
 *  - a file that is set aside stays on disk under another name, and a log line says why.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Snapshot } from '../../core/model/snapshot.ts';
import type { Violation } from '../../core/model/violation.ts';
import type { Clock, Timer } from '../../core/runtime/clock.ts';
import { messageOf } from '../../core/runtime/errors.ts';
import type { Logger } from '../../core/runtime/logger.ts';
import { readRegularFile, syncFolder, writePrivateFile } from '../../core/runtime/private-folder.ts';
import { readSnapshotFile, type SavedSnapshot, setSnapshotAside, SNAPSHOT_FILES } from './snapshot-file.ts';

const SURVIVED_MS = 10_000;
/** Holds the number of starts in a row that have not survived yet. */
const STARTS_FILE = 'starts';
const MAX_STARTS = 3;
const VIOLATIONS_LOGGED = 20;

export interface LastGoodSnapshotOptions {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

export class LastGoodSnapshot {
  readonly #options: LastGoodSnapshotOptions;
  #timer: Timer | null = null;

  constructor(options: LastGoodSnapshotOptions) {
    this.#options = options;
  }

  /** Runs a snapshot that an earlier process saved, if one can run. `run` returns the reasons why not. */
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
      logger.warn({ file: name, violations: shown }, 'a saved snapshot is ignored because it cannot run');
      await this.#setAside(name);
    }
    return null;
  }

  /** This start counts as good. May be called again. */
  survived(): void {
    if (this.#timer === null) return;
    this.#timer.cancel();
    this.#timer = null;
    rm(join(this.#options.stateDir, STARTS_FILE), { force: true }).catch((error: unknown) =>
      this.#warn(error),
    );
  }

  async #countStart(): Promise<void> {
    const { stateDir, logger } = this.#options;
    try {
      let unfinished = await unfinishedStarts(stateDir);
      if (unfinished >= MAX_STARTS) {
        const file = await this.#setAsideFirst();
        if (file !== null) {
          const message = `${unfinished} starts in a row failed with this snapshot: it is set aside`;
          logger.error({ file, kept_as: `${file}.set-aside` }, message);
        }
        unfinished = 0;
      }
      await noteStarts(stateDir, unfinished + 1);
    } catch (error) {
      this.#warn(error);
    }
  }

  /** The snapshot that ran until now. */
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

/** 0 when the file is missing or makes no sense. */
async function unfinishedStarts(directory: string): Promise<number> {
  const text = await readRegularFile(join(directory, STARTS_FILE)).catch(() => '');
  return /^\d{1,6}\n$/.test(text) ? Number(text) : 0;
}

/** Durable when it resolves, before anything runs that could end the process. */
async function noteStarts(directory: string, unfinished: number): Promise<void> {
  await writePrivateFile(join(directory, STARTS_FILE), `${unfinished}\n`);
  await syncFolder(directory);
}
