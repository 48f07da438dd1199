import { portsOf, readBinding } from './binding.ts';
import type { PlanListener, PlanPool } from './plan.ts';

/** Why the portable engine can't run a listener, in words; null: it can. `pool`: the one that it leads to. */
export function whyNotPortable(listener: PlanListener, pool: PlanPool | undefined): string | null {
  const what = lackingFor(listener, pool);
  if (what === null) return null;
  return `the portable engine of this proxy has no ${what}; run it with --engine epoll, on Linux`;
}

function lackingFor({ binding, firstBytes, tls }: PlanListener, pool: PlanPool | undefined): string | null {
  if (tls !== null) return 'tls';
  if (firstBytes !== null) return 'routes or accept_proxy_protocol';
  if (portsOf(readBinding(binding)) > 1) return 'ranges of ports';
  if (pool?.tls) return 'tls of pools';
  if (pool?.queue) return 'queue of pools';
  return pool?.proxyProtocol ? 'proxy_protocol of pools' : null;
}
