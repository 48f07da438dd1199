import type { PlanListener } from './plan.ts';

/** Why the portable engine can't run a listener, in words; null: it can. */
export function whyNotPortable({ firstBytes, tls }: PlanListener): string | null {
  if (firstBytes === null && tls === null) return null;
  const what = tls === null ? 'routes or accept_proxy_protocol' : 'tls';
  return `the portable engine of this proxy has no ${what}; run it with --engine epoll, on Linux`;
}
