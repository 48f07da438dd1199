/** Lists that are cut, so that the page of a large fleet is one that a browser can show. lbctl shows everything. Pure. */

export interface Rows<T> {
  readonly rows: readonly T[];
  /** How many more there are. */
  readonly more: number;
}

export function cut<T, R>(all: readonly T[], most: number, row: (one: T) => R): Rows<R> {
  return { rows: all.slice(0, most).map(row), more: Math.max(0, all.length - most) };
}
