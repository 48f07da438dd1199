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
    const named = namedOnly(state, all).filter((each) => each.pool === pool && wanted.has(each.address));
    return named.length === 0 ? result : refuseNamed(`Pool "${pool}"`, named);
  };
}

/** Wraps an edit of a host's backends: those that registered themselves or come from DNS are named, since their state can't be set. */
export function explainRegisteredHost(edit: Edit, ip: string, members: () => readonly Member[]): Edit {
  return (state) => {
    const result = edit(state);
    const bytes = parseIp(ip);
    if (bytes === null || (!result.ok && result.refusal.code !== 'NOT_FOUND')) return result;
    const host = formatIp(bytes);
    const isOfHost = ({ address }: { readonly address: string }) => {
      const parsed = parseAddress(address);
      return parsed.ok && parsed.value.host === host;
    };
    const all = members();
    const found = registeredOnly(state, all).filter(isOfHost);
    const named = namedOnly(state, all).filter(isOfHost);
    if (!result.ok && found.length > 0) return refuseRegistered(`Host ${host}`, found);
    if (!result.ok) return named.length > 0 ? refuseNamed(`Host ${host}`, named) : result;
    const notes = [
      ...found.map(
        ({ pool, address }) =>
          `${pool}/${address} registered itself, so its state was not changed; to drain it, ${HOW_TO_STOP}`,
      ),
      ...named.map(
        ({ pool, address, name }) =>
          `${pool}/${address} comes from the name ${name} in DNS, so its state was not changed; to drain it, take it out of the answer, or add the address to the backends of the pool as draining`,
      ),
    ];
    return notes.length === 0 ? result : { ...result, notes: [...(result.notes ?? []), ...notes] };
  };
}

function registeredOnly({ pools }: State, members: readonly Member[]): Registration[] {
  return members
    .filter(isRegistration)
    .map(({ value }) => value)
    .filter(({ pool, address }) => pools.get(pool)?.backends.has(address) !== true);
}

interface Named {
  readonly pool: string;
  readonly address: string;
  readonly name: string;
}

function namedOnly(state: State, members: readonly Member[]): Named[] {
  return mergeMembers(state, members).names.flatMap(({ answer: { pool, name }, backends }) =>
    backends.map(({ address }) => ({ pool, address, name })),
  );
}

function refuseNamed(where: string, found: readonly Named[]) {
  const violations = found.map(({ pool, address, name }) => ({
    field: `pools[${pool}].backends[${address}]`,
    description: `comes from the name ${name} in the dns of the pool`,
  }));
  const names = found.map(({ address, name }) => `${address} (${name})`).join(', ');
  const message = `${where}: ${names} comes from DNS and is not configured, so nothing was changed. Change the entry of the name in the pool, or add the address to its backends: the configuration takes precedence.`;
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
