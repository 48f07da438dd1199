/**
 * CPU time of the calling thread. `process.cpuUsage()` counts V8's helpers as well, which compile beside a program that
 * goes on: they hold nothing up. The wall clock counts whoever else is on the machine.
 */
import { loadFfi } from '../../data-plane/kernel/ffi.ts';

const CLOCK_THREAD_CPUTIME_ID = 3;

/** Seconds, nanoseconds. */
const time = new BigInt64Array(2);

/** Returns a function that reads it, in milliseconds. */
export function threadCpuClock(): () => number {
  const { ffi, reason } = loadFfi();
  if (ffi === null) throw new Error(reason);
  const read = ffi.declare<(clock: number, at: number) => number>('int clock_gettime(int, uintptr_t)');
  const at = ffi.address(time);
  return () => {
    read(CLOCK_THREAD_CPUTIME_ID, at);
    const [seconds = 0n, nanoseconds = 0n] = time;
    return Number(seconds) * 1_000 + Number(nanoseconds) / 1e6;
  };
}
