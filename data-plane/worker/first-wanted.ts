/** What a listener wants to know of a client before a backend is chosen. */
import { findCidr, NO_NETWORK } from '../admission/cidr-table.ts';
import type { FirstBytes, FirstBytesWanted } from '../engine/engine.ts';
import type { PeerAddress } from '../engine/peer-address.ts';
import type { FirstBytesRuntime } from './plan-runtime.ts';

export const NOTHING_WANTED: FirstBytesWanted = { proxyHeader: false, hello: false, timeoutMs: 0 };

/** What is read first of a client; null: nothing. */
export function firstWanted(
  { header, hello, proxyFrom }: FirstBytesRuntime,
  { ip, family }: PeerAddress,
): FirstBytesWanted | null {
  const isTrusted = proxyFrom !== null && findCidr(proxyFrom, ip, family === 4 ? 4 : 16) !== NO_NETWORK;
  return isTrusted ? header : hello;
}

/**
 * A PROXY header must be there. A hello may be missing, from a client without TLS or one that waits for its server to
 * speak first: it takes no route, and gets the pool of the listener.
 */
export function isAsWanted({ proxyHeader }: FirstBytesWanted, { what }: FirstBytes): boolean {
  return proxyHeader ? what === 'proxy_header' : what !== 'malformed' && what !== 'ended';
}
