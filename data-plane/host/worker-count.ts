/** The default number of workers: the CPUs that this process may use, within the quota of its control group. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type GroupLimit, type ReadText, readText, strictestLimit } from './control-group.ts';

/** One worker per CPU. A fraction of a CPU counts as one, so that a quota can be used up. */
export function workerCount(cpus: number, quotaCpus: number | null): number {
  return Math.max(1, Math.min(cpus, Math.ceil(quotaCpus ?? cpus)));
}

/** What `--workers` defaults to. */
export function defaultWorkerCount(): number {
  return workerCount(availableParallelism(), cgroupQuota(readText));
}

const CPU_QUOTA: GroupLimit = {
  controller: 'cpu',
  /** Two files; -1 means no quota. */
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

/** The lowest CPU quota of all control groups of this process; null: no quota, or none that can be read. */
export function cgroupQuota(read: ReadText): number | null {
  return strictestLimit(CPU_QUOTA, read);
}

function ratio(quota: string | undefined, period: string | undefined): number | null {
  const cpus = Number(quota) / Number(period);
  return Number.isFinite(cpus) && cpus > 0 ? cpus : null;
}
