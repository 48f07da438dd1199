/** Tells a caller why a backend that registered itself, and is not configured, can't be changed. Pure. */
import { canonicalAddress } from '../../core/model/address.ts';
import type { Edit } from '../../core/model/edit.ts';
import { refuse } from '../../core/model/edits/decide.ts';
import { isRegistration, type Member } from '../store/member-store.ts';

/** Wraps an edit of a pool's backends: NOT_FOUND becomes an explanation when the backends registered themselves. */
export function explainRegistered(
  edit: Edit,
  pool: string,
  addresses: readonly string[],
  members: () => readonly Member[],
): Edit {
  return (state) => {
    const result = edit(state);
    if (result.ok || result.refusal.code !== 'NOT_FOUND') return result;
    const wanted = new Set(addresses.map(canonicalAddress));
    const configured = state.pools.get(pool)?.backends;
    const found = members()
      .filter(isRegistration)
      .filter(
        ({ value }) => value.pool === pool && wanted.has(value.address) && !configured?.has(value.address),
      );
    if (found.length === 0) return result;
    const violations = found.map(({ value: { address, instanceId, sinceMs } }) => ({
      field: `pools[${pool}].backends[${address}]`,
      description: `registered itself (instance ${instanceId}, since ${new Date(sinceMs).toISOString()})`,
    }));
    const names = found.map(({ value }) => value.address).join(', ');
    const message = `Pool "${pool}": ${names} registered itself and is not configured, so nothing was changed. To remove it, stop its registration where it runs (send SIGTERM to its lbctl register, or end its Register stream); it then drains and leaves. To override it, add the address to the pool: the configuration takes precedence over a registration.`;
    return refuse('FAILED_PRECONDITION', message, violations);
  };
}
