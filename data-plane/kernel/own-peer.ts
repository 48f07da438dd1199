import type { Socket } from 'node:net';

/**
 * Whether a connected socket of Node is connected to itself. The kernel may choose the port that it connects to as its
 * own when nobody listens there, and TCP connects the two ends (simultaneous open).
 */
export function isItsOwnPeer({ localAddress, localPort, remoteAddress, remotePort }: Socket): boolean {
  return localPort === remotePort && localAddress === remoteAddress;
}
