/** Waiting until a proxy finds its backends healthy. */
import { eventually } from '../../test/harness/processes.ts';

const DEADLINE_MS = 60_000;

/** Waits until at least so many backends are up. */
export async function untilHealthy(admin: string, count: number): Promise<void> {
  await eventually(
    async () => {
      const response = await fetch(`http://${admin}/metrics`, { headers: { connection: 'close' } });
      const up = (await response.text()).match(/^lb_backend_up\{[^}]*\} 1$/gm) ?? [];
      return up.length >= count ? true : undefined;
    },
    `${count} healthy backends at ${admin}`,
    DEADLINE_MS,
  );
}
