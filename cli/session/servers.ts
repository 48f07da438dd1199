/**
 * The replicas that lbctl tries in turn: addresses as they were given, names as all that they lead to. Names are looked
 * up when they are first needed, and again after a round in which nobody answered.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import { isName, type Lookup, lookUp } from '../../core/runtime/name-lookup.ts';

export class Servers {
  readonly #given: readonly string[];
  readonly #lookup: Lookup;
  readonly #clock: Clock;
  #found: readonly string[] | null = null;
  #failures: readonly string[] = [];
  /** Index of the replica that answered last. */
  #preferred = 0;

  constructor(given: readonly string[], lookup: Lookup, clock: Clock) {
    this.#given = given;
    this.#lookup = lookup;
    this.#clock = clock;
  }

  /** How many there are. Never rejects; bounded. */
  async count(): Promise<number> {
    this.#found ??= await this.#lookUp();
    return this.#found.length;
  }

  /** The one to ask now. */
  get current(): string {
    return this.#found?.[this.#preferred] ?? '';
  }

  /** `NAME: why`, of those that lead nowhere. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  /** The one after it from now on. */
  next(): void {
    this.#preferred = (this.#preferred + 1) % Math.max(this.#found?.length ?? 1, 1);
  }

  /** Looks the names up again at the next `count`. */
  forget(): void {
    if (!this.#given.some(isName)) return;
    this.#found = null;
    this.#preferred = 0;
  }

  async #lookUp(): Promise<readonly string[]> {
    const results = await Promise.all(
      this.#given.map(async (given) => ({ given, named: await lookUp(given, this.#lookup, this.#clock) })),
    );
    this.#failures = results.flatMap(({ given, named }) => (named.ok ? [] : [`${given}: ${named.reason}`]));
    return [...new Set(results.flatMap(({ named }) => (named.ok ? named.addresses : [])))];
  }
}
