/** Without a token, anyone who can reach a control plane can use it, so it listens on loopback addresses only. Pure. */
import { isIP } from 'node:net';
import { formatHostPort, type HostPort } from '../../core/runtime/flags.ts';

export interface Exposure {
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
  readonly hasToken: boolean;
  /** The operator allows it nevertheless (--insecure). */
  readonly insecure: boolean;
}

/** Why these addresses must not be used, one line each; empty if they may. */
export function exposureProblems({ grpcAddress, httpAddress, hasToken, insecure }: Exposure): string[] {
  if (hasToken || insecure) return [];
  return [
    { flag: '--grpc-address', address: grpcAddress, can: 'change everything' },
    { flag: '--http-address', address: httpAddress, can: 'change everything through the dashboard' },
  ]
    .filter(({ address }) => !isLoopback(address.host))
    .map(
      ({ flag, address, can }) =>
        `${flag} ${formatHostPort(address)}: other machines can reach this address, and without a token anyone who does can ${can}. Use --token-file FILE, or allow it with --insecure; without either, only loopback addresses such as 127.0.0.1 can be used.`,
    );
}

/** A name other than localhost may resolve to any address, today or later. */
function isLoopback(host: string): boolean {
  const address = host.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIP(address) === 4) return address.startsWith('127.');
  return address === '::1' || address.toLowerCase() === 'localhost';
}
