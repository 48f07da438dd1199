/** Candidates of a pool in plain arrays: the naive model that strategies are tested against. */
import type { Candidates } from '../../data-plane/balancing/balancer.ts';
import { buildHostTables, type HostTables } from '../../data-plane/balancing/host-tables.ts';

export interface FakePool {
  readonly tiers?: readonly number[];
  /** Nobody is eligible while none is up. */
  readonly refuses?: boolean;
}

export class FakeCandidates implements Candidates {
  readonly weights: number[];
  readonly up: boolean[];
  readonly opened: number[];
  readonly #tiers: readonly number[];
  readonly #refuses: boolean;
  /** Tenths of the weight; 10 after a slow start. */
  readonly #tenths: number[];
  #weighing: number[];
  #epoch = 0;
  #serving = new Set<number>();

  constructor(weights: readonly number[], { tiers, refuses = false }: FakePool = {}) {
    this.weights = [...weights];
    this.#weighing = this.weights;
    this.up = weights.map(() => true);
    this.opened = weights.map(() => 0);
    this.#tenths = weights.map(() => 10);
    this.#tiers = tiers ?? weights.map(() => 0);
    this.#refuses = refuses;
    this.#serve();
  }

  /** Takes candidates out or back, and says so by a new epoch. */
  set(up: boolean, ...candidates: number[]): void {
    for (const candidate of candidates) this.up[candidate] = up;
    this.#serve();
    this.#epoch++;
  }

  /** Gives a candidate so many tenths of its weight. */
  ramp(candidate: number, tenths: number): void {
    this.#tenths[candidate] = tenths;
    const isOver = this.#tenths.every((each) => each === 10);
    this.#weighing = this.weights.map((weight, n) => (isOver ? weight : weight * (this.#tenths[n] ?? 0)));
    this.#epoch++;
  }

  get count(): number {
    return this.weights.length;
  }

  weight(candidate: number): number {
    return this.#weighing[candidate] ?? 0;
  }

  eligible(candidate: number): boolean {
    return this.#serving.has(candidate);
  }

  epoch(): number {
    return this.#epoch;
  }

  open(candidate: number): number {
    return this.opened[candidate] ?? 0;
  }

  reserve(candidate: number): void {
    this.opened[candidate] = this.open(candidate) + 1;
  }

  unreserve(candidate: number): void {
    this.opened[candidate] = this.open(candidate) - 1;
  }

  #serve(): void {
    const weighted = [...this.weights.keys()].filter((candidate) => this.weights[candidate] !== 0);
    const healthy = weighted.filter((candidate) => this.up[candidate]);
    const usable = healthy.length > 0 || this.#refuses ? healthy : weighted;
    const tier = Math.min(...usable.map((candidate) => this.#tiers[candidate] ?? 0));
    this.#serving = new Set(usable.filter((candidate) => this.#tiers[candidate] === tier));
  }
}

/** Each on a host of its own, `10.0.0.N`. */
export function hostsOf(weights: readonly number[], tiers: readonly number[] | null = null): HostTables {
  const candidates = weights.map((_, n) => ({ host: `10.0.0.${n}`, address: `10.0.0.${n}:80` }));
  return buildHostTables(candidates, {
    weights: Uint16Array.from(weights),
    tiers: tiers && Uint8Array.from(tiers),
  });
}
