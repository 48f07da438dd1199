/** `get listeners`. */
import type { Listener__Output } from '../../core/wire/generated/lb/v1/Listener.ts';
import type { Proxy__Output } from '../../core/wire/generated/lb/v1/Proxy.ts';
import { listenerFromWire } from '../../core/wire/resource-codec.ts';
import { type Plain, toManifest } from '../manifest/print.ts';
import type { Lister } from './listing.ts';

export const listListeners: Lister = async (session) => {
  const [{ listeners }, { proxies }] = await Promise.all([
    session.read('listeners', 'ListListeners', {}),
    session.read('fleet', 'ListProxies', {}),
  ]);
  return {
    header: ['NAME', 'ADDRESS', 'POOL'],
    moreHeader: ['CONNECTIONS', 'REVISION', 'REJECTED BY'],
    items: listeners.map((listener) => ({
      name: listener.name,
      pool: listener.pool,
      plain: listenerPlain(listener),
      row: [listener.name, listener.address, listener.pool],
      more: [
        String(listenerConnections(listener.name, proxies)),
        listener.revision,
        rejectionsOf(listener.name, proxies)
          .map(({ proxyId }) => proxyId)
          .join(' '),
      ],
    })),
  };
};

/** The manifest, with its revision. */
export function listenerPlain(listener: Listener__Output): Plain {
  const manifest = toManifest({ kind: 'listener', value: listenerFromWire(listener) });
  return { ...manifest, revision: listener.revision };
}

/** Open connections that connected proxies accepted there. */
export function listenerConnections(name: string, proxies: readonly Proxy__Output[]): number {
  return proxies
    .filter(({ connected }) => connected)
    .flatMap(({ listeners }) => listeners)
    .filter(({ listener }) => listener === name)
    .reduce((sum, { connectionsActive }) => sum + connectionsActive, 0);
}

/** The proxies that can't bind it, and why. */
export function rejectionsOf(
  name: string,
  proxies: readonly Proxy__Output[],
): readonly { readonly proxyId: string; readonly reason: string }[] {
  return proxies.flatMap(({ info, applied }) =>
    (applied?.failedListeners ?? [])
      .filter(({ listener }) => listener === name)
      .map(({ reason }) => ({ proxyId: info?.id ?? '', reason })),
  );
}
