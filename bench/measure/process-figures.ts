/** What the kernel says about a process: CPU, memory, descriptors. */
import { readdirSync, readFileSync } from 'node:fs';

export interface CpuReading {
  /** All threads, user and system. */
  readonly cpuNs: number;
  /** Of that, in clock ticks: coarse, so take it over seconds. */
  readonly userTicks: number;
  readonly systemTicks: number;
}

/** The CPU a process has used since its start. */
export function readCpu(pid: number): CpuReading {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const cpuNs = readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + taskNs(pid, task), 0);
  return { cpuNs, userTicks: Number(fields[11]), systemTicks: Number(fields[12]) };
}

/** Nanoseconds a thread ran; 0 when it has just ended. */
function taskNs(pid: number, task: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return 0;
  }
}

export interface CpuUse {
  readonly cpuUs: number;
  readonly userUs: number;
}

/** What was used between two readings. Pure. */
export function cpuBetween(before: CpuReading, after: CpuReading): CpuUse {
  const cpuUs = (after.cpuNs - before.cpuNs) / 1_000;
  const user = after.userTicks - before.userTicks;
  const ticks = user + after.systemTicks - before.systemTicks;
  return { cpuUs, userUs: ticks === 0 ? 0 : (cpuUs * user) / ticks };
}

/** Memory of a process in bytes, its part of what it shares with others included. */
export function readPss(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return 1_024 * Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1]);
}

export function countDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
