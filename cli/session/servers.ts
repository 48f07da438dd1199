/**
 * The replicas that lbctl tries in turn: addresses as they were given, and every address that a name resolves to. Names
 * are resolved when they are first needed, and again after a round without an answer. Concurrent requests share the
 * result, and each tries every replica by itself.
 */
import type { Clock } from '../../core/runtime/clock.ts';
import { isName, type Lookup, lookUp } from '../../core/runtime/name-lookup.ts';

export class Servers {
  readonly #given: readonly string[];
  readonly #lookup: Lookup;
  readonly #clock: Clock;
  #found: Promise<readonly string[]> | null = null;
  #failures: readonly string[] = [];
  #preferred = '';

  constructor(given: readonly string[], lookup: Lookup, clock: Clock) {
    this.#given = given;
    this.#lookup = lookup;
    this.#clock = clock;
  }

  /** All of them, the one that answered last first. Never rejects; bounded. */
  async inOrder(): Promise<readonly string[]> {
    this.#found ??= this.#lookUp();
    const found = await this.#found;
    const start = Math.max(found.indexOf(this.#preferred), 0);
    return [...found.slice(start), ...found.slice(0, start)];
  }

  /** `NAME: why`, of those that can't be resolved. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  answered(address: string): void {
    this.#preferred = address;
  }

  /** No replica answered: names are resolved again. */
  forget(): void {
    if (this.#given.some(isName)) this.#found = null;
  }

  async #lookUp(): Promise<readonly string[]> {
    const results = await Promise.all(
      this.#given.map(async (given) => ({ given, named: await lookUp(given, this.#lookup, this.#clock) })),
    );
    this.#failures = results.flatMap(({ given, named }) => (named.ok ? [] : [`${given}: ${named.reason}`]));
    return [...new Set(results.flatMap(({ named }) => (named.ok ? named.addresses : [])))];
  }
}
