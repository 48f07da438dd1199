/**
 * Every backend that some proxy reports, once for all proxies: what they say of it is kept in columns by its row
 * (reported-backends.ts), so that a backend costs a proxy about 25 bytes instead of a name and an object.
 *
 * Invariants
 *  - a row is taken by each proxy that reports the backend, and is free again when the last one has released it;
 *  - a free row is used again before there is a new one, since the columns of a proxy are as long as its highest row.
 */
export interface BackendRow {
  readonly index: number;
  /** POOL/ADDRESS. */
  readonly key: string;
  readonly pool: string;
  readonly address: string;
  users: number;
}

const MAX_SHARED_TEXTS = 10_000;

export class BackendDirectory {
  readonly #byKey = new Map<string, BackendRow>();
  readonly #rows: (BackendRow | null)[] = [];
  readonly #free: number[] = [];
  #texts = new Map<string, string>();

  find(key: string): BackendRow | undefined {
    return this.#byKey.get(key);
  }

  at(index: number): BackendRow | null {
    return this.#rows[index] ?? null;
  }

  take(pool: string, address: string): BackendRow {
    const key = `${pool}/${address}`;
    let row = this.#byKey.get(key);
    if (row === undefined) {
      row = { index: this.#free.pop() ?? this.#rows.length, key, pool, address, users: 0 };
      this.#rows[row.index] = row;
      this.#byKey.set(key, row);
    }
    row.users += 1;
    return row;
  }

  release(row: BackendRow): void {
    row.users -= 1;
    if (row.users > 0) return;
    this.#byKey.delete(row.key);
    this.#rows[row.index] = null;
    this.#free.push(row.index);
  }

  /** One copy of texts that many reports repeat, such as reasons. Only a cache. */
  share(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_SHARED_TEXTS) this.#texts = new Map();
    this.#texts.set(text, text);
    return text;
  }
}
