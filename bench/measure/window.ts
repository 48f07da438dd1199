/** What a balancer did in a stretch of time while a web load ran through it. */
import type { Balancer } from '../balancers/balancer.ts';
import type { WebBackend } from '../load/nginx-backend.ts';
import { readResetsSent } from './kernel-figures.ts';
import { cpuBetween, readCpu, type CpuReading } from './process-figures.ts';

export interface Window {
  readonly seconds: number;
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly cpuUsPerRequest: number;
  readonly userUsPerRequest: number;
  /** Of one CPU: 1 is all of it. */
  readonly cpuShare: number;
  /** By the whole machine. */
  readonly resets: number;
}

interface Sample {
  readonly atMs: number;
  readonly requests: number;
  readonly cpu: CpuReading;
  readonly resets: number;
}

/** Requests are counted where they are answered, so the same moments bound all figures. */
async function sample(balancer: Balancer, backend: WebBackend): Promise<Sample> {
  const { requests } = await backend.served();
  return { atMs: performance.now(), requests, cpu: readCpu(balancer.pid), resets: readResetsSent() };
}

export async function measureWindow(
  balancer: Balancer,
  backend: WebBackend,
  during: () => Promise<void>,
): Promise<Window> {
  const before = await sample(balancer, backend);
  await during();
  return windowBetween(before, await sample(balancer, backend));
}

/** Pure. */
function windowBetween(before: Sample, after: Sample): Window {
  const seconds = (after.atMs - before.atMs) / 1_000;
  const requests = after.requests - before.requests;
  const { cpuUs, userUs } = cpuBetween(before.cpu, after.cpu);
  return {
    seconds,
    requests,
    requestsPerSecond: requests / seconds,
    cpuUsPerRequest: cpuUs / requests,
    userUsPerRequest: userUs / requests,
    cpuShare: cpuUs / 1e6 / seconds,
    resets: after.resets - before.resets,
  };
}
