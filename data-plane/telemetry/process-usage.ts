/** CPU time and memory of this process, rounded so that an idle proxy has nothing to report. */

const CPU_STEP_S = 0.01;
const MEMORY_STEP_BYTES = 1_048_576;

export interface ProcessUsage {
  /** User and system time of all threads. */
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

let residentBytes = 0;

/** The last known value when the process is out of descriptors, because reading the memory takes one. */
function readResidentBytes(): number {
  try {
    residentBytes = process.memoryUsage.rss();
  } catch {
    // The next reading will tell.
  }
  return residentBytes;
}

export function processUsage(): ProcessUsage {
  const { user, system } = process.cpuUsage();
  const cpuSteps = Math.round((user + system) / 1e6 / CPU_STEP_S);
  return {
    // A division gives the number that is closest to the two decimals.
    cpuSeconds: cpuSteps / (1 / CPU_STEP_S),
    residentBytes: Math.round(readResidentBytes() / MEMORY_STEP_BYTES) * MEMORY_STEP_BYTES,
  };
}
