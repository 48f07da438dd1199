/** One word for a backend's health out of what each connected proxy sees. */
import { HEALTH_STATES, type Health } from '../../core/model/resources.ts';
import { wordFromWire } from '../../core/wire/enum-codec.ts';
import type { Health__Output } from '../../core/wire/generated/lb/v1/Health.ts';
import type { Tone } from '../output/style.ts';
import type { Cell } from '../output/table.ts';

/** The worst first. */
const BY_SEVERITY: readonly Health[] = ['unhealthy', 'ejected', 'unknown', 'healthy'];

const TONES: Readonly<Record<Health, Tone>> = {
  healthy: 'good',
  unhealthy: 'bad',
  ejected: 'bad',
  unknown: 'doubtful',
};

/** A state that this program does not know is unknown. */
export function healthFromWire(wire: Health__Output): Health {
  return wordFromWire('HEALTH', HEALTH_STATES, wire, '', []) ?? 'unknown';
}

/** The worst that any of them sees; unknown when there is none. */
export function worstHealth(seen: readonly Health[]): Health {
  return BY_SEVERITY.find((health) => seen.includes(health)) ?? 'unknown';
}

export function healthCell(health: Health): Cell {
  return { text: health, tone: TONES[health] };
}

/** `healthy`, or `healthy (1/2)` when only one of two proxies finds it so. */
export function summaryCell(seen: readonly Health[]): Cell {
  const worst = worstHealth(seen);
  if (seen.every((health) => health === worst)) return healthCell(worst);
  const shown = seen.includes('healthy') ? 'healthy' : worst;
  const count = seen.filter((health) => health === shown).length;
  return { text: `${shown} (${count}/${seen.length})`, tone: 'doubtful' };
}
