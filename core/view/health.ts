/** The health of one backend, as several proxies see it. Pure. */
import { HEALTH_STATES, type Health } from '../model/resources.ts';
import { wordFromWire } from '../wire/enum-codec.ts';
import type { Health__Output } from '../wire/generated/lb/v1/Health.ts';

/** How many proxies see it in each state. */
export type HealthCounts = Readonly<Record<Health, number>>;

export const NO_HEALTH: HealthCounts = { healthy: 0, unhealthy: 0, unknown: 0, ejected: 0 };

const WORST_FIRST: readonly Health[] = ['unhealthy', 'ejected', 'unknown', 'healthy'];

/** A state that this program does not know is unknown. */
export function healthFromWire(wire: Health__Output): Health {
  return wordFromWire('HEALTH', HEALTH_STATES, wire, '', []) ?? 'unknown';
}

/** The worst that any proxy sees; unknown when none sees it. */
export function worstHealth(counts: HealthCounts): Health {
  return WORST_FIRST.find((health) => counts[health] > 0) ?? 'unknown';
}

export function totalOf({ healthy, unhealthy, unknown, ejected }: HealthCounts): number {
  return healthy + unhealthy + unknown + ejected;
}
