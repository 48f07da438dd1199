/** From what each contestant measured to the series of a row. Pure. */
import { HAPROXY, HAPROXY_AGAIN, NGINX, OURS } from '../contestant-names.ts';
import type { Measured } from '../interleave.ts';
import type { Row } from './row.ts';
import { figure } from './table.ts';
import { median } from './statistics.ts';

export type Series = Pick<Row, 'ours' | 'theirs' | 'again' | 'nginx'>;

/** We against HAProxy, HAProxy against itself, nginx against HAProxy. */
export function seriesOf<T>(measured: Measured<T>, pick: (value: T) => number): Series {
  const of = (name: string) => (measured.get(name) ?? []).map(pick);
  return {
    ours: of(OURS),
    theirs: of(HAPROXY),
    again: of(HAPROXY_AGAIN),
    nginx: of(NGINX),
  };
}

/** `ours 12.1, HAProxy 11.9, ...`: the median of each. */
export function eachOf<T>(measured: Measured<T>, pick: (value: T) => number): string {
  return [...measured].map(([name, values]) => `${name} ${figure(median(values.map(pick)))}`).join(', ');
}
