/** Whether the proxies have let go of a registration that drains. Pure. */
import type { RegistrationStatus } from './merge-members.ts';
import type { Fleet } from '../../fleet/fleet.ts';

/**
 * Connections that connected proxies have to it; null while that is not known: one of them does not run the version yet in
 * which it drains, and could still give it new ones. With `waits`, also while a proxy of the roster is not connected to this
 * replica, or who is on the roster is not known yet. One that stays away is not waited for: it drains by itself, once told.
 */
export function openConnections(
  fleet: Pick<Fleet, 'list' | 'unknownForMs'>,
  { member, source }: RegistrationStatus,
  storeId: string,
  waits: boolean,
): number | null {
  // Proxies never knew it, so they have nothing to apply.
  if (source !== 'registered') return 0;
  if (waits && fleet.unknownForMs() > 0) return null;
  const key = `${member.value.pool}/${member.value.address}`;
  let open = 0;
  for (const { connected, applied, backends } of fleet.list()) {
    if (!connected) {
      if (waits) return null;
      continue;
    }
    const position = applied?.position ?? null;
    if (position === null || position.storeId !== storeId || Number(position.version) < member.token) {
      return null;
    }
    open += backends.get(key)?.connectionsActive ?? 0;
  }
  return open;
}
