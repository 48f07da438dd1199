/** One run of a web load through a balancer: warm up, measure, stop. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Scope } from '../../harness/programs/processes.ts';
import type { Balancer } from '../balancers/balancer.ts';
import type { WebBackend } from '../load/nginx-backend.ts';
import { startWrk, type WrkLoad, type WrkResult } from '../load/wrk.ts';
import type { Cpus } from '../pinning.ts';
import { within } from '../run-scope.ts';
import { measureWindow, type Window } from './window.ts';

export interface WebRun {
  readonly window: Window;
  /** Of the whole run, warm-up included. */
  readonly wrk: WrkResult;
  /** How many connections were not there yet when measuring began: none, unless the balancer is slow to take them. */
  readonly missing: number;
}

export interface WebRunPlan {
  readonly cpus: Cpus;
  readonly backend: WebBackend;
  readonly load: Omit<WrkLoad, 'address'>;
  readonly seconds: number;
  /** Measure from the very start, when nothing is warm. */
  readonly cold?: boolean;
  /** What else happens while it measures; it must end within `seconds`. */
  readonly meanwhile?: (balancer: Balancer) => Promise<void>;
}

/** After every connection is there. */
const WARM_UP_MS = 300;
const CONNECT_DEADLINE_MS = 5_000;
const LOOK_EVERY_MS = 20;

export function webRun(scope: Scope, balancer: Balancer, plan: WebRunPlan): Promise<WebRun> {
  const { backend, load, cpus } = plan;
  return within(scope, async (inner) => {
    const running = startWrk(inner, cpus.others, { ...load, address: balancer.address });
    let missing = 0;
    if (plan.cold !== true) {
      if (load.reconnect !== true) missing = await awaitConnections(backend, load.connections);
      await wait(WARM_UP_MS);
    }
    const window = await measureWindow(balancer, backend, async () => {
      await Promise.all([wait(plan.seconds * 1_000), plan.meanwhile?.(balancer)]);
    });
    return { window, wrk: await running.stop(), missing };
  });
}

/** Waits until the backend has them all, and no longer than the deadline. Answers how many are missing. */
async function awaitConnections(backend: WebBackend, wanted: number): Promise<number> {
  const until = performance.now() + CONNECT_DEADLINE_MS;
  for (;;) {
    // One of them asks this.
    const missing = wanted - ((await backend.served()).active - 1);
    if (missing <= 0 || performance.now() > until) return Math.max(missing, 0);
    await wait(LOOK_EVERY_MS);
  }
}
