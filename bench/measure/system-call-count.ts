/** How many system calls a process with all its threads makes: perf where it is, strace otherwise. */
import { run } from '../../harness/programs/processes.ts';
import { findTool } from '../tools.ts';

/** NaN when neither program is here, or when it may not look. */
export async function countSystemCalls(pid: number, seconds: number): Promise<number> {
  const perf = findTool('perf');
  if (perf !== undefined) {
    const what = ['stat', '-x', ',', '-e', 'raw_syscalls:sys_enter', '-p', String(pid)];
    const { stderr } = await run(perf, [...what, '--', 'sleep', String(seconds)]);
    const count = parsePerfCount(stderr);
    if (!Number.isNaN(count)) return count;
  }
  const strace = findTool('strace');
  if (strace === undefined) return Number.NaN;
  // strace has no end of its own: timeout ends it with the signal on which it prints.
  const args = ['-s', 'INT', String(seconds), strace, '-c', '-f', '-p', String(pid)];
  return parseStraceCount((await run('timeout', args)).stderr);
}

/** The first field of the line of the event. Pure. */
function parsePerfCount(text: string): number {
  return Number(/^(\d+),.*raw_syscalls:sys_enter/m.exec(text)?.[1]);
}

/** The number of calls in the line of totals: seconds, microseconds a call, calls. Pure. */
function parseStraceCount(text: string): number {
  return Number(/^100\.00\s+\S+\s+\S+\s+(\d+)\s.*total$/m.exec(text)?.[1]);
}
