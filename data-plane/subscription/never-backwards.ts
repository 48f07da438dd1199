/**
 * A proxy never goes backwards: not to an older state of its store, not to another history, not to another store.
 * A store that was wiped, restored or mixed up must not take a fleet down with it, so an operator decides, and the store
 * then says whose place it takes.
 */
import type { Position } from '../../core/model/commit.ts';
import { takesPlaceOf } from '../../core/model/succession.ts';
import type { Violation } from '../../core/model/violation.ts';

const WHAT_TO_DO = 'if that is meant, accept the store: lbctl store adopt';

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
      `is ${next.storeId}, another store than ${current.storeId}, which this proxy runs; ${WHAT_TO_DO}`,
    );
  }
  if (next.revision < current.revision) {
    return refuse(
      'revision',
      `is ${next.revision}, older than ${current.revision}, which this proxy runs; ${WHAT_TO_DO}`,
    );
  }
  if (next.revision === current.revision && next.hash !== current.hash) {
    return refuse(
      'hash',
      `is ${next.hash} at revision ${next.revision}, where this proxy has ${current.hash}: two histories of one store; ${WHAT_TO_DO}`,
    );
  }
  if (next.version < current.version) {
    return refuse(
      'version',
      `is ${next.version}, older than ${current.version}, which this proxy runs; ${WHAT_TO_DO}`,
    );
  }
  return [];
}
