/** A process of the fleet that can be killed and started again, stopped in its tracks and let go on. */
import { createWriteStream, readFileSync, type WriteStream } from 'node:fs';
import { nowMs } from './monotonic-time.ts';
import {
  type RunningProcess,
  type Scope,
  startBuilt,
  startProcess,
} from '../../harness/programs/processes.ts';

export interface ActorPlan {
  /** Such as `proxy-2`. */
  readonly name: string;
  /** A built program of ours, or any other. */
  readonly program: { readonly built: string } | { readonly command: string };
  readonly args: readonly string[];
  /** Where its output goes, of all its lives. */
  readonly logFile: string;
  /** Resolves once it works. */
  readonly isReady: () => Promise<unknown>;
}

/** A time in which it was not running; Infinity: not yet. */
export interface Outage {
  readonly fromMs: number;
  /** When it was surely dead, if it was killed. */
  goneMs: number;
  /** When it was started again, or told to go on. */
  toMs: number;
  readonly how: 'killed' | 'stopped';
}

export class Actor {
  readonly name: string;
  readonly outages: Outage[] = [];
  /** Ends that nobody asked for. */
  readonly deaths: string[] = [];
  readonly #plan: ActorPlan;
  readonly #scope: Scope;
  readonly #log: WriteStream;
  #running: RunningProcess | null = null;
  #isBeingKilled = false;
  /** When it wrote its first line after it was started last; 0: it has not yet. */
  startedMs = 0;

  constructor(scope: Scope, plan: ActorPlan) {
    this.name = plan.name;
    this.#plan = plan;
    this.#scope = scope;
    this.#log = createWriteStream(plan.logFile, { flags: 'a' });
    scope.after(() => void this.#log.end());
  }

  /** Starts it and returns at once. */
  start(): void {
    const { program, args, name } = this.#plan;
    const running =
      'built' in program
        ? startBuilt(this.#scope, program.built, args)
        : startProcess(this.#scope, program.command, args);
    this.#running = running;
    this.#isBeingKilled = false;
    this.startedMs = 0;
    running.onLine((line) => {
      this.startedMs ||= nowMs();
      // What it writes once the run is over is of no concern.
      if (!this.#log.writableEnded) this.#log.write(`${line}\n`);
    });
    void running.ended.then(({ code, signal }) => {
      if (!this.#isBeingKilled) this.deaths.push(`${name} ended by itself: code ${code}, signal ${signal}`);
    });
  }

  ready(): Promise<unknown> {
    return this.#plan.isReady();
  }

  /** SIGKILL, and waits until it is gone. */
  async kill(): Promise<void> {
    const outage = this.#begin('killed');
    await this.end();
    outage.goneMs = nowMs();
  }

  /** The same, and no fault: the run is over. */
  async end(): Promise<void> {
    this.#isBeingKilled = true;
    this.#running?.signal('SIGKILL');
    await this.#running?.ended;
  }

  revive(): void {
    this.start();
    this.#endOutage();
  }

  stop(): void {
    this.#begin('stopped');
    this.#running?.signal('SIGSTOP');
  }

  goOn(): void {
    this.#running?.signal('SIGCONT');
    this.#endOutage();
  }

  /** Everything it wrote so far, over all its lives. */
  async output(): Promise<readonly string[]> {
    await new Promise<void>((resolve) => this.#log.write('', () => resolve()));
    return readFileSync(this.#plan.logFile, 'utf8').split('\n');
  }

  #begin(how: Outage['how']): Outage {
    const never = Number.POSITIVE_INFINITY;
    const outage: Outage = { fromMs: nowMs(), goneMs: never, toMs: never, how };
    this.outages.push(outage);
    return outage;
  }

  #endOutage(): void {
    const last = this.outages.at(-1);
    if (last) last.toMs = nowMs();
  }
}
