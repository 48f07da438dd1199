/** What this folder needs to know about the proxies that report to this replica. control-plane/fleet implements it. */
import type { RegistrationStatus } from './merge-members.ts';

/** A proxy that has been disconnected for this long leaves the roster. */
export const ABSENCE_MS = 10 * 60_000;

export interface Proxies {
  /** Every proxy on the roster. */
  list(): readonly Proxy[];
  /** How long an empty roster may still mean that the proxies have not come back yet; 0: it is really empty. */
  unknownForMs(): number;
  /** Calls `listener` when the roster, or the configuration that a proxy runs, has changed. */
  on(name: 'change', listener: () => void): () => void;
  /** Calls `listener` when a proxy connects, is lost, or stops cleanly. */
  on(name: 'contact', listener: (kind: ContactKind, info: ProxyIdentity) => void): () => void;
  /** The proxies that the store has on its roster. */
  keep(proxies: readonly ProxyIdentity[]): void;
  remove(id: string): void;
}

export type ContactKind = 'connected' | 'lost' | 'stopped';

export interface ProxyIdentity {
  readonly id: string;
  readonly zone: string;
  readonly instanceId: string;
}

interface Proxy {
  readonly info: ProxyIdentity;
  readonly connected: boolean;
  readonly applied: {
    readonly position: { readonly storeId: string; readonly version: string } | null;
  } | null;
  /** By POOL/ADDRESS. */
  readonly backends: { get(key: string): { readonly connectionsActive: number } | undefined };
}

/**
 * How many connections the connected proxies have to a draining registration; null while that is unknown because a
 * proxy does not yet run the version in which it drains, and may still open new ones. With `waits`, it is also unknown
 * while a proxy of the roster is not connected to this replica. A proxy that stays disconnected is not waited for: it
 * drains by itself as soon as it learns of it.
 */
export function openConnections(
  proxies: Pick<Proxies, 'list' | 'unknownForMs'>,
  { member, source }: RegistrationStatus,
  storeId: string,
  waits: boolean,
): number | null {
  // No proxy ever had it as a backend.
  if (source !== 'registered') return 0;
  if (waits && proxies.unknownForMs() > 0) return null;
  const key = `${member.value.pool}/${member.value.address}`;
  let open = 0;
  for (const { connected, applied, backends } of proxies.list()) {
    if (connected) {
      const position = applied?.position;
      if (position?.storeId !== storeId || Number(position.version) < member.token) return null;
      open += backends.get(key)?.connectionsActive ?? 0;
    } else if (waits) return null;
  }
  return open;
}
