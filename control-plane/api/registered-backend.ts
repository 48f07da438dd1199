/** Tells a caller why a backend that is not configured, but registered itself or comes from a name, can't be changed. Pure. */
import { canonicalAddress, parseAddress } from '../../core/model/address.ts';
import type { Edit } from '../../core/model/edits/edit.ts';
import { refuse } from '../../core/model/edits/decide.ts';
import { formatIp, parseIp } from '../../core/model/ip.ts';
import type { State } from '../../core/model/state.ts';
import { isRegistration, type Member, type Registration } from '../store/member-store.ts';
import { mergeMembers } from '../store/members/merge-members.ts';

const HOW_TO_STOP =
  'stop its registration where it runs (send SIGTERM to its lbctl register, or end its Register stream); it then drains and leaves';

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
    const all = members();
    const found = registeredOnly(state, all).filter(
      (value) => value.pool === pool && wanted.has(value.address),
    );
    if (found.length > 0) return refuseRegistered(`Pool "${pool}"`, found);
    const names = mergeMembers(state, all).names.filter(({ answer }) => answer.pool === pool);
    const named = names.flatMap(({ answer, backends }) =>
      backends
        .filter(({ address }) => wanted.has(address))
        .map(({ address }) => ({ address, name: answer.name })),
    );
    return named.length === 0 ? result : refuseNamed(pool, named);
  };
}

/** Wraps an edit of a host's backends: those that registered themselves are named, since their state can't be set. */
export function explainRegisteredHost(edit: Edit, ip: string, members: () => readonly Member[]): Edit {
  return (state) => {
    const result = edit(state);
    const bytes = parseIp(ip);
    if (bytes === null || (!result.ok && result.refusal.code !== 'NOT_FOUND')) return result;
    const host = formatIp(bytes);
    const found = registeredOnly(state, members()).filter(({ address }) => {
      const parsed = parseAddress(address);
      return parsed.ok && parsed.value.host === host;
    });
    if (found.length === 0) return result;
    if (!result.ok) return refuseRegistered(`Host ${host}`, found);
    const notes = found.map(
      ({ pool, address }) =>
        `${pool}/${address} registered itself, so its state was not changed; to drain it, ${HOW_TO_STOP}`,
    );
    return { ...result, notes: [...(result.notes ?? []), ...notes] };
  };
}

function registeredOnly({ pools }: State, members: readonly Member[]): Registration[] {
  return members
    .filter(isRegistration)
    .map(({ value }) => value)
    .filter(({ pool, address }) => pools.get(pool)?.backends.has(address) !== true);
}

function refuseNamed(pool: string, found: readonly { readonly address: string; readonly name: string }[]) {
  const violations = found.map(({ address, name }) => ({
    field: `pools[${pool}].backends[${address}]`,
    description: `comes from the name ${name} in the dns of the pool`,
  }));
  const names = found.map(({ address, name }) => `${address} (${name})`).join(', ');
  const message = `Pool "${pool}": ${names} comes from DNS and is not configured, so nothing was changed. Change the entry of the name in the pool, or add the address to its backends: the configuration takes precedence.`;
  return refuse('FAILED_PRECONDITION', message, violations);
}

function refuseRegistered(where: string, found: readonly Registration[]) {
  const violations = found.map(({ pool, address, instanceId, sinceMs }) => ({
    field: `pools[${pool}].backends[${address}]`,
    description: `registered itself (instance ${instanceId}, since ${new Date(sinceMs).toISOString()})`,
  }));
  const names = found.map(({ address }) => address).join(', ');
  const message = `${where}: ${names} registered itself and is not configured, so nothing was changed. To remove it, ${HOW_TO_STOP}. To override it, add the address to the pool: the configuration takes precedence over a registration.`;
  return refuse('FAILED_PRECONDITION', message, violations);
}
