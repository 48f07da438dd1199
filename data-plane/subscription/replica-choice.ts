/** Which control-plane replica to subscribe to, by what each one reports about itself. Pure. */
import type { Position } from '../../core/model/commit.ts';
import { takesPlaceOf } from '../../core/model/store-succession.ts';

/** What a replica last reported about itself. */
export interface ReplicaView {
  readonly position: Position | null;
  /** Milliseconds since it heard from its store. */
  readonly storeAgeMs: number;
  /** It is about to stop. */
  readonly stopping: boolean;
}

/** A replica that has not heard from its store for longer is left for a fresher one. */
const STALE_MS = 10_000;
/**
 * The replica to move to must be far from stale itself: when all replicas have lost the store, their ages differ by about
 * a second, and nobody should move for that. Replicas do not report ages below 2.5 s.
 */
const FRESH_MS = 3_000;

/** The replica after `failed` (null: the first), skipping those that are stopping unless all are. */
export function nextReplica(
  replicas: readonly string[],
  failed: string | null,
  views: ReadonlyMap<string, ReplicaView>,
): string {
  const after = failed === null ? 0 : replicas.indexOf(failed) + 1;
  const order = [...replicas.slice(after), ...replicas.slice(0, after)];
  const chosen = order.find((replica) => views.get(replica)?.stopping !== true) ?? order[0];
  if (chosen === undefined) throw new RangeError('a proxy needs the address of a control plane');
  return chosen;
}

/**
 * A replica to move to from `present`, or null. Only when `present` is stopping or stale, and only to one that is neither
 * and has read at least the revision that runs here.
 */
export function fresherReplica(
  replicas: readonly string[],
  present: string,
  views: ReadonlyMap<string, ReplicaView>,
  current: Position | null,
): string | null {
  const own = views.get(present);
  if (!own || (!own.stopping && own.storeAgeMs <= STALE_MS)) return null;
  let best: { replica: string; ageMs: number } | null = null;
  for (const replica of replicas) {
    const view = views.get(replica);
    if (!view || !isFresh(view) || !hasHistory(view, current)) continue;
    if (!best || view.storeAgeMs < best.ageMs) best = { replica, ageMs: view.storeAgeMs };
  }
  return best?.replica ?? null;
}

function isFresh({ stopping, storeAgeMs }: ReplicaView): boolean {
  return !stopping && storeAgeMs <= FRESH_MS;
}

/** Whether it has read its store at least up to the revision that runs here. */
function hasHistory({ position }: ReplicaView, current: Position | null): boolean {
  if (!position || !current) return position !== null;
  if (position.storeId !== current.storeId) return takesPlaceOf(position, current.storeId);
  return position.revision >= current.revision;
}
