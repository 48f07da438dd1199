import type { PlanListener } from '../../plan/plan.ts';

/** Why the portable engine can't run a listener, in words; null: it can. */
export function whyNotPortable({ firstBytes }: PlanListener): string | null {
  if (firstBytes === null) return null;
  return 'the portable engine does not read first bytes, which routes and accept_proxy_protocol need; run this proxy with the epoll engine';
}
