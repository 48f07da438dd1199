/**
 * How many of a pool's backends could serve, are up, and are still undecided: whether the pool is in panic. Pure;
 * kept by adding and taking away, so that a change costs O(1) however large the pool.
 */
import type { Health } from '../../core/model/resources.ts';
import type { DirectoryBackend } from '../plan/plan-directory.ts';

export class PoolTally {
  #serving = 0;
  #up = 0;
  #undecided = 0;

  /** Counts a backend in this state of health, or no longer. Those that get no connections anyway don't count. */
  count(backend: Pick<DirectoryBackend, 'state' | 'weight'>, health: Health, change: 1 | -1): void {
    if (backend.state !== 'active' || backend.weight === 0) return;
    this.#serving += change;
    if (health === 'healthy') this.#up += change;
    if (health === 'unknown') this.#undecided += change;
  }

  /** None of those that could serve is up, and there are some: all of them are used. */
  get panic(): boolean {
    return this.#serving > 0 && this.#up === 0;
  }

  /** In panic, and not merely because some first checks are still under way: worth telling a person. */
  get alarm(): boolean {
    return this.panic && this.#undecided === 0;
  }
}
