/** What is said to who wants to change a backend that is not configured but registered itself. Pure. */
import { canonicalAddress } from '../../core/model/address.ts';
import type { Edit } from '../../core/model/edit.ts';
import { refuse } from '../../core/model/edits/decide.ts';
import { isRegistration, type Member } from '../store/member-store.ts';

/** The edit of these backends of a pool; where it finds none, and they registered themselves, it says so. */
export function knowingRegistered(
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
    const message = `Pool "${pool}": ${names} registered itself and is not configured; nothing was changed. End it where it runs (a SIGTERM to its lbctl register, or the end of its Register stream): it drains and leaves. To overrule it, add the address: what is configured counts.`;
    return refuse('FAILED_PRECONDITION', message, violations);
  };
}
