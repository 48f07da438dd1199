/** Whether the proxies have let go of a registration that drains. Pure. */
import type { Place } from '../snapshot/merge.ts';
import type { ProxyRecord } from '../distribution/proxy-record.ts';

/**
 * Connections that connected proxies have to it; null while one of them does not run the version yet in which it drains,
 * and could still give it new ones. A proxy that is away is not waited for: it drains by itself, once it is told.
 */
export function openConnections(
  fleet: readonly ProxyRecord[],
  { member, source }: Place,
  storeId: string,
): number | null {
  // Proxies never knew it, so they have nothing to apply.
  if (source !== 'registered') return 0;
  const key = `${member.value.pool}/${member.value.address}`;
  let open = 0;
  for (const { connected, applied, backends } of fleet) {
    if (!connected) continue;
    const position = applied?.position ?? null;
    if (position === null || position.storeId !== storeId || Number(position.version) < member.token) {
      return null;
    }
    open += backends.get(key)?.connectionsActive ?? 0;
  }
  return open;
}
