/** Who made a call, as far as its connection tells. Pure. */
import { formatIp, isLoopback, parseIp } from '../../../core/model/ip.ts';

/** Every caller on this host. */
export const LOCAL_CALLER = 'this host';

/**
 * One name for all connections of a caller: its IPv4 address, the /64 of its IPv6 address (one host may have all of it),
 * or LOCAL_CALLER. `peer` is IP:PORT as grpc-js has it, IPv6 without brackets.
 */
export function callerOf(peer: string): string {
  const bytes = parseIp(peer.slice(0, Math.max(0, peer.lastIndexOf(':'))));
  if (bytes === null) return peer;
  if (isLoopback(bytes)) return LOCAL_CALLER;
  return bytes.length === 4 ? formatIp(bytes) : `${formatIp(bytes.fill(0, 8))}/64`;
}
