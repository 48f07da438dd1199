/**
 * A proxy never goes backwards: not to an older state of its store, not to another history, not to another store.
 * A store that was wiped, restored or confused with another must not take a fleet down. So an operator decides, and the
 * store then names the ones that it replaces.
 */
import type { Position } from '../../core/model/commit.ts';
import { takesPlaceOf } from '../../core/model/succession.ts';
import type { Violation } from '../../core/model/violation.ts';

const WHAT_TO_DO = 'if this is intended, accept the store: lbctl store adopt';

/** Why a proxy that runs `current` must not go to `next`; empty when it may. */
export function backwardViolations(current: Position | null, next: Position): Violation[] {
  if (!current) return [];
  const refuse = (field: string, description: string): Violation[] => [
    { field: `position.${field}`, description },
  ];
  if (next.storeId !== current.storeId) {
    if (takesPlaceOf(next, current.storeId)) return [];
    return refuse(
      'store_id',
      `is ${next.storeId}, but this proxy runs the configuration of another store, ${current.storeId}; ${WHAT_TO_DO}`,
    );
  }
  if (next.revision < current.revision) {
    return refuse(
      'revision',
      `is ${next.revision}, but this proxy already runs ${current.revision}; ${WHAT_TO_DO}`,
    );
  }
  if (next.revision === current.revision && next.hash !== current.hash) {
    return refuse(
      'hash',
      `is ${next.hash} at revision ${next.revision}, but this proxy has ${current.hash}: the store has two histories; ${WHAT_TO_DO}`,
    );
  }
  if (next.version < current.version) {
    return refuse(
      'version',
      `is ${next.version}, but this proxy already runs ${current.version}; ${WHAT_TO_DO}`,
    );
  }
  return [];
}
