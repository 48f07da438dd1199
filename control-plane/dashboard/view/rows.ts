/** Lists that are cut, so that a large fleet does not make a page that no browser can show. lbctl shows everything. Pure. */

export interface Rows<T> {
  readonly rows: readonly T[];
  /** How many more there are. */
  readonly more: number;
}

export function cut<T, R>(all: readonly T[], most: number, row: (one: T) => R): Rows<R> {
  return { rows: all.slice(0, most).map(row), more: Math.max(0, all.length - most) };
}

export function byName<T>(stored: ReadonlyMap<string, T> | undefined): readonly T[] {
  return [...(stored ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}

/** A few of them in words: `a, b and 3 more`. */
export function few(names: readonly string[], most = 3): string {
  if (names.length <= most + 1) return listed(names);
  return `${names.slice(0, most).join(', ')} and ${names.length - most} more`;
}

function listed(names: readonly string[]): string {
  const last = names.at(-1) ?? '';
  return names.length < 2 ? last : `${names.slice(0, -1).join(', ')} and ${last}`;
}

/** `1 proxy`, `2 proxies`. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
