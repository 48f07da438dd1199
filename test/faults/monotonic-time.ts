/** One time for everything in a run: milliseconds since 1970 as in the logs of the processes, and never going back. */
export function nowMs(): number {
  return performance.timeOrigin + performance.now();
}

export function inSeconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
