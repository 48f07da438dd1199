/** What belongs beside the figures of a web load: cold code, resets, errors, who was the bottleneck. */
import type { Measured } from '../interleave.ts';
import { eachOf } from '../report/series.ts';
import type { WebRun } from './web-run.ts';

/** `what`: the load in words. */
export function webNotes(what: string, measured: Measured<WebRun>): readonly string[] {
  const errors = [...measured].flatMap(([name, runs]) => {
    const count = runs.reduce((sum, { wrk }) => sum + wrk.errors, 0);
    return count === 0 ? [] : [`${what}: ${count} ERRORS seen by clients of ${name}`];
  });
  const slow = [...measured].flatMap(([name, runs]) => {
    const most = Math.max(...runs.map(({ missing }) => missing));
    return most === 0 ? [] : [`${what}: ${most} CONNECTIONS not yet through ${name} after 5 s`];
  });
  return [
    ...slow,
    `${what}: CPU of the balancer in use, of 1: ${eachOf(measured, ({ window }) => window.cpuShare)}`,
    `${what}: resets sent per second (health probes of all contestants included): ${resets(measured)}`,
    ...errors,
  ];
}

export function coldNote(what: string, measured: Measured<WebRun>): string {
  return `${what}: first two seconds of a process, CPU µs: ${eachOf(measured, ({ window }) => window.cpuUsPerRequest)}`;
}

function resets(measured: Measured<WebRun>): string {
  return eachOf(measured, ({ window }) => window.resets / window.seconds);
}
