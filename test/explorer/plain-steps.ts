/** What the product does as straight code, as steps and values that the explorer can interleave and break. */

/** Write a snapshot beside the one that is kept, give it the name that the next process reads, run it. */
export type ApplyStep = 'stage' | 'keep' | 'run';

/** The order in snapshot-applier.ts, which its own test proves. */
export function applySteps(fromDisk: boolean): readonly ApplyStep[] {
  return fromDisk ? ['run'] : ['stage', 'keep', 'run'];
}

/** The plans of one worker. */
export interface WorkerPlans<P> {
  readonly running: P | null;
  readonly prepared: P | null;
}

/** A commit in worker.ts. Null: the plan of this number was not prepared, so nothing changes. */
export function commitPrepared<P extends { readonly sequence: number }>(
  { prepared }: WorkerPlans<P>,
  sequence: number,
): { readonly running: P; readonly prepared: null } | null {
  return prepared?.sequence === sequence ? { running: prepared, prepared: null } : null;
}
