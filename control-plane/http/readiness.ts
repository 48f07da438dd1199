/** Whether this replica should be asked: it has read its store, the store answers, and it is not about to stop. */
import { steppedAside } from '../access/format-gate.ts';
import type { LogFollower } from '../store/log/log-follower.ts';

/** Why not, in words; empty: it should. */
export function notReadyReasons(follower: LogFollower, stopping: boolean): readonly string[] {
  const reasons: string[] = [];
  if (stopping) reasons.push('this control plane is stopping');
  const status = follower.status();
  if (!status.ready) reasons.push(steppedAside(status)?.message ?? status.reason);
  return reasons;
}
