/** Whether what a process holds grows, from samples taken at even intervals. Pure. */
export interface Growth {
  readonly early: number;
  readonly late: number;
  readonly grows: boolean;
}

/** Code that is compiled and heaps that settle take this part of a run. */
const WARM_UP = 1 / 4;

/**
 * The lowest of the last third against the lowest of the first third, after the warm-up: garbage makes a sawtooth, a
 * leak raises its floor. `allowed` is how much more is no growth yet.
 */
export function growthOf(samples: readonly number[], allowed: (early: number) => number): Growth {
  const settled = samples.slice(Math.floor(samples.length * WARM_UP));
  const third = Math.max(1, Math.floor(settled.length / 3));
  const early = Math.min(...settled.slice(0, third));
  const late = Math.min(...settled.slice(-third));
  return { early, late, grows: late > allowed(early) };
}
