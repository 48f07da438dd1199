/** What a result depends on: the machine and the versions. */
import { cpus as cpusOf, release, totalmem } from 'node:os';
import { CHECKOUT, run } from '../harness/programs/processes.ts';
import { findTool, type Tool } from './tools.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly haproxy: string;
  readonly nginx: string;
  readonly wrk: string;
  readonly commit: string;
  readonly time: string;
}

export async function describeMachine(): Promise<Machine> {
  const cores = cpusOf();
  return {
    cpu: cores[0]?.model.trim() ?? 'unknown',
    cores: cores.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    haproxy: await versionOf('haproxy', ['-v'], /version (\S+)/),
    nginx: await versionOf('nginx', ['-v'], /nginx\/(\S+)/),
    wrk: await versionOf('wrk', ['-v'], /wrk (\S+)/),
    commit: await commit(),
    time: new Date().toISOString(),
  };
}

export function machineLines(machine: Machine): readonly string[] {
  const { cpu, cores, memoryGiB, kernel, node, haproxy, nginx, wrk, commit, time } = machine;
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}`,
    `node ${node}, HAProxy ${haproxy}, nginx ${nginx}, wrk ${wrk}`,
    `Equipoise ${commit}, ${time}`,
  ];
}

async function versionOf(tool: Tool, args: readonly string[], pattern: RegExp): Promise<string> {
  const file = findTool(tool);
  if (file === undefined) return 'not here';
  const { stdout, stderr } = await run(file, args);
  return pattern.exec(stdout + stderr)?.[1] ?? 'unknown';
}

/** The commit that is checked out, and whether the files differ from it. */
async function commit(): Promise<string> {
  try {
    const head = await run('git', ['-C', CHECKOUT, 'rev-parse', '--short=12', 'HEAD']);
    const changes = await run('git', ['-C', CHECKOUT, 'status', '--porcelain']);
    if (head.code !== 0) return 'unknown commit';
    return `${head.stdout.trim()}${changes.stdout === '' ? '' : ' with uncommitted changes'}`;
  } catch {
    return 'unknown commit';
  }
}
