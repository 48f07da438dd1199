/** How many workers fit this machine: the CPUs that this process may use, the quota of its control group included. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';

/** Reads a small file; null when it can't be read. */
type ReadText = (path: string) => string | null;

/** One worker a CPU; a part of a CPU counts as one, since a quota is there to be used up. */
export function workerCount(cpus: number, quotaCpus: number | null): number {
  return Math.max(1, Math.min(cpus, Math.ceil(quotaCpus ?? cpus)));
}

/** What `--workers` defaults to. */
export function defaultWorkerCount(): number {
  return workerCount(availableParallelism(), cgroupQuota(readText));
}

/** CPUs that the strictest control group around this process allows; null: no limit, or none that can be read. */
export function cgroupQuota(read: ReadText): number | null {
  const quotas: number[] = [];
  for (const line of (read('/proc/self/cgroup') ?? '').split('\n')) {
    const [, controllers, group] = /^\d+:([^:]*):(.+)$/.exec(line) ?? [];
    if (controllers === undefined || group === undefined) continue;
    if (controllers === '')
      quotas.push(...quotasUpwards('/sys/fs/cgroup', group, (path) => quotaV2(path, read)));
    else if (controllers.split(',').includes('cpu')) {
      quotas.push(...quotasUpwards('/sys/fs/cgroup/cpu', group, (path) => quotaV1(path, read)));
    }
  }
  return quotas.length === 0 ? null : Math.min(...quotas);
}

/** A group is bound by the quotas of all groups that it is in. */
function quotasUpwards(root: string, group: string, quotaOf: (path: string) => number | null): number[] {
  const quotas: number[] = [];
  let path = group;
  for (;;) {
    const quota = quotaOf(join(root, path));
    if (quota !== null) quotas.push(quota);
    if (path === '/' || path === '.') return quotas;
    path = dirname(path);
  }
}

/** `cpu.max` holds `QUOTA PERIOD`, or `max PERIOD`. */
function quotaV2(path: string, read: ReadText): number | null {
  const [quota, period] = (read(join(path, 'cpu.max')) ?? '').trim().split(' ');
  return ratio(quota, period);
}

/** Two files; a quota of -1 means none. */
function quotaV1(path: string, read: ReadText): number | null {
  const quota = read(join(path, 'cpu.cfs_quota_us'))?.trim();
  const period = read(join(path, 'cpu.cfs_period_us'))?.trim();
  return ratio(quota, period);
}

function ratio(quota: string | undefined, period: string | undefined): number | null {
  const cpus = Number(quota) / Number(period);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : null;
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
