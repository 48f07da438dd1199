/** What the proxies ran and when, as their own logs tell it. */
import type { Actor } from '../actor.ts';

export interface Applied {
  readonly atMs: number;
  readonly revision: number;
  readonly resources: number;
  readonly fromDisk: boolean;
}

export interface ProxyLog {
  readonly name: string;
  readonly applied: readonly Applied[];
  /** When it was started again. */
  readonly restartsMs: readonly number[];
  /** Lines that no fault of the script is a reason for. */
  readonly complaints: readonly string[];
}

interface Line {
  readonly time: string;
  readonly msg: string;
  readonly revision: number;
  readonly resources: number;
  readonly from_disk: boolean;
}

const NEVER = ['refused a snapshot', 'a worker was lost', 'the saved snapshot is ignored'];

export async function readProxyLog(proxy: Actor): Promise<ProxyLog> {
  const lines = await proxy.output();
  const applied = lines.filter((line) => line.includes('"running a snapshot"')).map(appliedIn);
  const complaints = lines.filter((line) => NEVER.some((words) => line.includes(words)));
  const restartsMs = proxy.outages.filter(({ how }) => how === 'killed').map(({ toMs }) => toMs);
  return { name: proxy.name, applied, restartsMs, complaints };
}

function appliedIn(line: string): Applied {
  const { time, revision, resources, from_disk: fromDisk } = JSON.parse(line) as Line;
  return { atMs: Date.parse(time), revision, resources, fromDisk };
}

/** What it ran at a time. */
export function runningAt({ applied }: ProxyLog, atMs: number): Applied | undefined {
  return applied.findLast((each) => each.atMs <= atMs);
}
