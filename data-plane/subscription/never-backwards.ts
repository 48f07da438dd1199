/**
 * A proxy never goes backwards: not to an older state of its store, not to another history, not to another store.
 * A store that was wiped, restored or confused with another must not take a fleet down. So an operator decides, and the
 * store then names the ones that it replaces.
 */
import type { Position } from '../../core/model/commit.ts';
import { takesPlaceOf } from '../../core/model/store-succession.ts';
import type { Violation } from '../../core/model/violation.ts';

const WHAT_TO_DO = 'if this is intended, accept the store: lbctl store adopt';

/** Why a proxy that runs `current` must not go to `next`; empty when it may. */
export function backwardViolations(current: Position | null, next: Position): Violation[] {
  if (!current) return [];
  const refuse = (field: string, what: string): Violation[] => [
    { field: `position.${field}`, description: `is ${what}; ${WHAT_TO_DO}` },
  ];
  if (next.storeId !== current.storeId) {
    if (takesPlaceOf(next, current.storeId)) return [];
    const { storeId } = current;
    return refuse(
      'store_id',
      `${next.storeId}, but this proxy runs the configuration of another store, ${storeId}`,
    );
  }
  if (next.revision < current.revision)
    return refuse('revision', `${next.revision}, but this proxy already runs ${current.revision}`);
  if (next.revision === current.revision && next.hash !== current.hash) {
    const where = `${next.hash} at revision ${next.revision}`;
    return refuse('hash', `${where}, but this proxy has ${current.hash}: the store has two histories`);
  }
  if (next.version < current.version)
    return refuse('version', `${next.version}, but this proxy already runs ${current.version}`);
  return [];
}
