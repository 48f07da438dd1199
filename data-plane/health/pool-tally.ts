/**
 * Counts how many of a pool's backends could serve, are up, and are not checked yet, which says whether the pool is in
 * panic. Pure. A change costs O(1), however large the pool is.
 */
import type { Health } from '../../core/model/resources.ts';
import { type DirectoryBackend, takesConnections } from '../plan/plan-directory.ts';

export class PoolTally {
  #serving = 0;
  #up = 0;
  #unchecked = 0;

  /** Adds or removes a backend with this health. Those that get no connections anyway don't count. */
  count(backend: DirectoryBackend, health: Health, change: 1 | -1): void {
    if (!takesConnections(backend) || backend.weight === 0) return;
    this.#serving += change;
    if (health === 'healthy') this.#up += change;
    if (health === 'unknown') this.#unchecked += change;
  }

  /** There are backends that could serve, and none of them is up: all of them are used. */
  get panic(): boolean {
    return this.#serving > 0 && this.#up === 0;
  }

  /** In panic, and not merely because some first checks are still under way: worth an alert. */
  get alarm(): boolean {
    return this.panic && this.#unchecked === 0;
  }
}
