/** How many workers fit this machine: the CPUs that this process may use, the quota of its control group included. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type GroupLimit, type ReadText, readText, strictestLimit } from './control-group.ts';

/** One worker a CPU; a part of a CPU counts as one, since a quota is there to be used up. */
export function workerCount(cpus: number, quotaCpus: number | null): number {
  return Math.max(1, Math.min(cpus, Math.ceil(quotaCpus ?? cpus)));
}

/** What `--workers` defaults to. */
export function defaultWorkerCount(): number {
  return workerCount(availableParallelism(), cgroupQuota(readText));
}

const CPU_QUOTA: GroupLimit = {
  controller: 'cpu',
  /** Two files; a quota of -1 means none. */
  v1(folder, read) {
    const quota = read(join(folder, 'cpu.cfs_quota_us'))?.trim();
    const period = read(join(folder, 'cpu.cfs_period_us'))?.trim();
    return ratio(quota, period);
  },
  /** `cpu.max` holds `QUOTA PERIOD`, or `max PERIOD`. */
  v2(folder, read) {
    const [quota, period] = (read(join(folder, 'cpu.max')) ?? '').trim().split(' ');
    return ratio(quota, period);
  },
};

/** CPUs that the strictest control group around this process allows; null: no limit, or none that can be read. */
export function cgroupQuota(read: ReadText): number | null {
  return strictestLimit(CPU_QUOTA, read);
}

function ratio(quota: string | undefined, period: string | undefined): number | null {
  const cpus = Number(quota) / Number(period);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : null;
}
