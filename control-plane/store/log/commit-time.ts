import type { LogFollower } from './log-follower.ts';

/** When a revision was committed; undefined for one that is not among the newest thousand. */
export function commitTimeMs(follower: Pick<LogFollower, 'revisions'>, revision: number): number | undefined {
  const [found] = follower.revisions(1, revision + 1);
  return found?.revision === revision ? found.timeMs : undefined;
}
