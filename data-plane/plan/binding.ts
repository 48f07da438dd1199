/** What a listener's sockets are bound to, in one text, which names them: sockets can't change any of it later. */
import { type Accepting, type Address, parseAddress } from '../../core/model/address.ts';

const IPV6_ONLY = ' ipv6-only';

/** The canonical address, and whether a socket for IPv6 leaves out IPv4. */
export function bindingOf({ canonical, ipv6Only }: Pick<Accepting, 'canonical' | 'ipv6Only'>): string {
  return ipv6Only ? canonical + IPV6_ONLY : canonical;
}

/** Reads what `bindingOf` has written; null: that was not written by it. */
export function readBinding(binding: string): Accepting | null {
  const isIpv6Only = binding.endsWith(IPV6_ONLY);
  const text = isIpv6Only ? binding.slice(0, -IPV6_ONLY.length) : binding;
  const parsed = parseAddress(text, 'listener');
  if (!parsed.ok) return null;
  return isIpv6Only ? { ...parsed.value, ipv6Only: true } : parsed.value;
}

/** How many ports an address has. */
export function portsOf(address: Address | null): number {
  return address === null ? 0 : address.lastPort - address.port + 1;
}
