/** Checks that connections can use the addresses of --source-address, once, before anything is served. */
import { createSocket } from 'node:dgram';
import { isIPv4 } from 'node:net';
import { constants } from 'node:os';
import { isMulticastOrBroadcast, parseIp } from '../../core/model/ip.ts';
import { LbError } from '../../core/runtime/errors.ts';
import { errnoName, errnoOf } from '../kernel/errno.ts';

/**
 * Throws LbError with all addresses that can't be used. Otherwise the proxy would seem healthy and fail every client.
 * The kernel decides, not the list of interfaces: with ip_nonlocal_bind more addresses can be used than exist.
 */
export async function checkSourceAddresses(addresses: readonly string[]): Promise<void> {
  const obstacles = await Promise.all(addresses.map(obstacleTo));
  const unusable = addresses.flatMap((address, index) =>
    obstacles[index] === null ? [] : [`${address} (${obstacles[index]})`],
  );
  if (unusable.length === 0) return;
  throw new LbError(
    'FAILED_PRECONDITION',
    `connections to backends cannot use --source-address ${unusable.join(', ')}: ` +
      'each must be an address of this host, as shown by `ip address`',
  );
}

/** Null, or why an address can't be bound. UDP has the same addresses as TCP, and no client can connect to it. */
function obstacleTo(address: string): Promise<string | null> {
  const ip = parseIp(address);
  if (ip === null) return Promise.resolve('an address with a zone is not supported');
  if (isMulticastOrBroadcast(ip)) return Promise.resolve('TCP cannot use it');
  return new Promise((resolve) => {
    const socket = createSocket(isIPv4(address) ? 'udp4' : 'udp6');
    socket.once('error', (error) => socket.close(() => resolve(wordsFor(errnoOf(error)))));
    socket.bind({ address, port: 0, exclusive: true }, () => socket.close(() => resolve(null)));
  });
}

function wordsFor(errno: number): string {
  return errno === constants.errno.EADDRNOTAVAIL ? 'this host does not have it' : errnoName(errno);
}
