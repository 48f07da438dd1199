/** Waiting until a proxy finds its backends healthy. */
import { eventually } from '../../harness/programs/processes.ts';

const DEADLINE_MS = 60_000;

/** Waits until at least so many backends are up. */
export async function untilHealthy(admin: string, count: number): Promise<void> {
  await eventually(
    async () => {
      const response = await fetch(`http://${admin}/metrics`, { headers: { connection: 'close' } });
      // Per pool: of many backends only the busiest have series of their own.
      const healthy = (await response.text()).matchAll(/^lb_pool_backends\{.*health="healthy"\} (\d+)$/gm);
      const up = [...healthy].reduce((sum, [, ofPool]) => sum + Number(ofPool), 0);
      return up >= count ? true : undefined;
    },
    `${count} healthy backends at ${admin}`,
    DEADLINE_MS,
  );
}
