/** The budget of connections that all workers share: two cells of shared memory. */
import type { ConnectionBudget } from '../engine/engine.ts';
import { CONTROL, type SharedCells } from '../memory/shared-memory.ts';

/** Accepting goes on when connections are this share of the limit below it. */
const RESUME_BELOW = 0.98;

/** Most connections allowed: `control[maxConnections]`; 0 there means no limit. */
export function sharedBudget({ control }: Pick<SharedCells, 'control'>): ConnectionBudget {
  const limit = (): number => Atomics.load(control, CONTROL.maxConnections) || Number.POSITIVE_INFINITY;
  return {
    take: () => Atomics.add(control, CONTROL.connections, 1) + 1 >= limit(),
    giveBack: () => void Atomics.sub(control, CONTROL.connections, 1),
    hasRoom: () => Atomics.load(control, CONTROL.connections) <= Math.floor(limit() * RESUME_BELOW),
  };
}
