/** The edit that makes a fleet follow this store in place of others. */
import type { Edit } from './edit.ts';
import { takesPlaceOf } from '../store-succession.ts';
import { decide, refuse } from './decide.ts';

export interface Adoption {
  /** The new id of the store. */
  readonly storeId: string;
  /** The ids of the stores whose configuration is known to run somewhere. */
  readonly replaces: readonly string[];
  /** Adopt it even if it has no listener. */
  readonly force: boolean;
}

export function adoptStore({ storeId, replaces, force }: Adoption): Edit {
  return (state) => {
    const { head, listeners } = state;
    if (listeners.size === 0 && !force) {
      return refuse(
        'FAILED_PRECONDITION',
        `The store ${head.storeId} has no listener at revision ${head.revision}, so every proxy would stop serving; apply a backup of the configuration first, or use force.`,
      );
    }
    const others = new Set(replaces.filter((id) => !takesPlaceOf(head, id)));
    return decide(state, [{ op: 'adopt', storeId, replaces: [head.storeId, ...others] }]);
  };
}
