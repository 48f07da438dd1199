/** Without a token whoever reaches an address of a control plane may use it, so only this machine may reach it. Pure. */
import { isIP } from 'node:net';
import { formatHostPort, type HostPort } from '../../core/runtime/flags.ts';

export interface Exposure {
  readonly grpcAddress: HostPort;
  readonly httpAddress: HostPort;
  readonly hasToken: boolean;
  /** The operator wants it all the same. */
  readonly insecure: boolean;
}

/** Why these addresses must not be used, one line each; empty: they may. */
export function exposureProblems({ grpcAddress, httpAddress, hasToken, insecure }: Exposure): string[] {
  if (hasToken || insecure) return [];
  return [
    { flag: '--grpc-address', address: grpcAddress, may: 'change everything' },
    { flag: '--http-address', address: httpAddress, may: 'change everything through the dashboard' },
  ]
    .filter(({ address }) => !isLoopback(address.host))
    .map(
      ({ flag, address, may }) =>
        `${flag} ${formatHostPort(address)}: other machines may reach it, and without a token whoever does may ${may}. Give --token-file FILE, or allow it with --insecure; without either, only loopback addresses such as 127.0.0.1 can be used.`,
    );
}

/** Other names than localhost may lead anywhere, today or tomorrow. */
function isLoopback(host: string): boolean {
  const address = host.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIP(address) === 4) return address.startsWith('127.');
  return address === '::1' || address.toLowerCase() === 'localhost';
}
