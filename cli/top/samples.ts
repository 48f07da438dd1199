/** The newest samples of each row, for its sparkline: connections a second. */
import type { StatsFrame__Output } from '../../core/wire/generated/lb/v1/StatsFrame.ts';
import { rowsOf, type View, VIEWS } from './rows.ts';

const KEPT = 30;
const NONE: readonly number[] = [];

export class Samples {
  #series = new Map<string, number[]>();

  /** What is in no frame any more is forgotten. */
  add(frame: StatsFrame__Output, pool: string | undefined): void {
    const next = new Map<string, number[]>();
    for (const view of VIEWS) {
      for (const { name, connections } of rowsOf(frame, view, pool, new Map())) {
        const key = `${view} ${name}`;
        next.set(key, [...(this.#series.get(key) ?? NONE), connections].slice(-KEPT));
      }
    }
    this.#series = next;
  }

  of(view: View, name: string): readonly number[] {
    return this.#series.get(`${view} ${name}`) ?? NONE;
  }
}
