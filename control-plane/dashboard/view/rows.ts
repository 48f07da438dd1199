/** Lists that are cut, so that the page of a large fleet is one that a browser can show, and what a page is about. Pure. */

export interface Rows<T> {
  readonly rows: readonly T[];
  /** How many more there are. */
  readonly more: number;
}

export function cut<T, R>(all: readonly T[], most: number, row: (one: T) => R): Rows<R> {
  return { rows: all.slice(0, most).map(row), more: Math.max(0, all.length - most) };
}

/** `pools/web` is the page of the pool `web`. A page that is about everything has no name. */
export function subjectOf(page: string): { readonly kind: string; readonly name: string } {
  const at = page.indexOf('/');
  return at === -1 ? { kind: page, name: '' } : { kind: page.slice(0, at), name: page.slice(at + 1) };
}
