/** What is remembered of a connection that has no backend yet. Reused: one lives only as long as it is connecting. */
export class Attempt {
  sourceHash = 0;
  /** Row of the pool that `tried` belongs to. */
  pool = 0;
  /** When the attempt under way started, or will. */
  startedMs = 0;
  /** Attempts that failed. */
  failed = 0;
  /** Times that a backend was tried again for want of another. */
  repeats = 0;
  /** Backend rows: those survive a change of the plan, candidate numbers don't. */
  readonly tried: number[] = [];

  begin(sourceHash: number, pool: number): void {
    this.sourceHash = sourceHash;
    this.failed = 0;
    this.repeats = 0;
    this.moveTo(pool);
  }

  moveTo(pool: number): void {
    this.pool = pool;
    this.tried.length = 0;
  }
}
