/** Everything that happens to a busy load balancer: changes of the plan, health that flips, metrics that are read. */
import { setTimeout as wait } from 'node:timers/promises';
import { POOL, updateBackend, type Equipoise } from './balancers/equipoise.ts';
import type { FlappingBackend } from './flapping-backend.ts';

export interface Changes {
  readonly seconds: number;
  readonly commits: number;
  /** Of the last commit. */
  readonly revision: number;
  readonly flips: number;
  readonly scrapes: number;
  readonly scrapeBytes: number;
}

const COMMIT_EVERY_MS = 100;
const FLIP_EVERY_MS = 500;
const SCRAPE_EVERY_MS = 1_000;
const MAX_WEIGHT = 10;

export interface Changer {
  /** Goes on for so many seconds. */
  run(seconds: number): Promise<Changes>;
}

export function changerOf(
  { client, proxies }: Equipoise,
  backends: readonly string[],
  flapping: FlappingBackend,
): Changer {
  let count = 0;
  /** Another backend each time, and when all had their turn, another weight. Answers the revision. */
  const changeWeight = () => {
    const address = backends[count % backends.length] ?? '';
    const weight = 2 + (Math.floor(count / backends.length) % MAX_WEIGHT);
    count += 1;
    return updateBackend(client, POOL, { address, weight });
  };
  return {
    async run(seconds) {
      const until = performance.now() + seconds * 1_000;
      let revision = 0;
      let scrapeBytes = 0;
      const [commits, flips, scrapes] = await Promise.all([
        repeat(COMMIT_EVERY_MS, until, async () => {
          revision = await changeWeight();
        }),
        repeat(FLIP_EVERY_MS, until, () => flapping.flip()),
        repeat(SCRAPE_EVERY_MS, until, async () => {
          const response = await fetch(`http://${proxies[0]?.admin}/metrics`);
          scrapeBytes += (await response.text()).length;
        }),
      ]);
      return { seconds, commits, revision, flips, scrapes, scrapeBytes };
    },
  };
}

/** Answers how often. What takes longer than its interval is done less often. */
async function repeat(everyMs: number, until: number, action: () => Promise<void>): Promise<number> {
  let times = 0;
  for (let due = performance.now() + everyMs; due < until; due += everyMs) {
    await wait(Math.max(0, due - performance.now()));
    await action();
    times += 1;
  }
  return times;
}
