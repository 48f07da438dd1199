/**
 * Which CPU a process runs on. The one under test has a CPU to itself; load, backends, control plane and this program
 * share another. Everything started here dies with this program, however that dies.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { run, startProcess, type RunningProcess, type Scope } from '../harness/programs/processes.ts';
import { requireTool } from './tools.ts';

export interface Cpus {
  /** For the process under test. */
  readonly subject: number;
  /** For everything else. */
  readonly others: number;
}

/** The CPUs in a list such as `0-1,4`. Pure. */
function parseCpuList(text: string): readonly number[] {
  return text
    .trim()
    .split(',')
    .flatMap((part) => {
      const [first = Number.NaN, last = first] = part.split('-').map(Number);
      return Array.from({ length: last - first + 1 }, (_, index) => first + index);
    });
}

/** The first two CPUs that this program may use. */
export function chooseCpus(): Cpus {
  const list = /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  const [subject = 0, others = subject] = parseCpuList(list);
  return { subject, others };
}

/** What stands before a command: it runs on one CPU, and ends when this program does. */
export function pinnedTo(cpu: number): readonly [command: string, ...args: string[]] {
  return [requireTool('setpriv'), '--pdeathsig', 'KILL', requireTool('taskset'), '-c', String(cpu)];
}

export function startPinned(
  scope: Scope,
  cpu: number,
  command: string,
  args: readonly string[],
): RunningProcess {
  const [first, ...rest] = pinnedTo(cpu);
  return startProcess(scope, first, [...rest, command, ...args]);
}

/** Moves this program with all its threads, and what it starts from now on. */
export async function pinMyself(cpu: number): Promise<void> {
  await run(requireTool('taskset'), ['-a', '-c', '-p', String(cpu), String(process.pid)]);
}

/**
 * Lets a process run only when nobody else on its CPU wants to, thread by thread. The control plane is such a one: where
 * it matters it has a machine of its own, and here it must not take the load generator's time.
 */
export function yieldToOthers(pid: number): void {
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    setPriority(Number(thread), constants.priority.PRIORITY_LOW);
  }
}
