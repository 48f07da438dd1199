/** CPU time and memory of this process, rounded so that an idle proxy has nothing to report. */
import { residentBytes } from '../host/resident-memory.ts';

const CPU_STEP_S = 0.01;
const MEMORY_STEP_BYTES = 1_048_576;

export interface ProcessUsage {
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  const cpuSteps = Math.round((user + system) / 1e6 / CPU_STEP_S);
  return {
    // A division gives the number that is closest to the two decimals.
    cpuSeconds: cpuSteps / (1 / CPU_STEP_S),
    residentBytes: Math.round(residentBytes() / MEMORY_STEP_BYTES) * MEMORY_STEP_BYTES,
  };
}
