/**
 * Peak EWMA: draw two distinct eligible candidates by weight, take the one that is expected to connect sooner under its
 * load: estimate × (open + 1) / weight. The estimate is an exponentially weighted moving average of connect times
 * that jumps to every peak and forgets with time (Finagle and Linkerd, "Beyond Round Robin: Load Balancing for
 * Latency", 2016). A failed connect counts as a very slow one. When the estimates are nearly the same, the choice is
 * that of power_of_two_choices.
 *
 * Guarantee: a backend that becomes slow or refuses gets fewer connections from its first slow connect on, and is
 * tried again once its estimate has faded: to a third every ten seconds without a new peak. Among idle backends of one
 * speed the shares are the weights.
 * Cost: O(1) per pick, see weighted-draw.ts. No allocation.
 * Invariants
 *  - estimates are this worker's own, in milliseconds, never below the floor;
 *  - a candidate without a measurement is compared by its load alone, so it is tried, and does not attract everything;
 *  - estimates are kept when the plan changes (`previous`).
 */
import { type BalancerInputs, NO_BACKEND } from './balancer.ts';
import { PowerOfTwoChoices } from './power-of-two-choices.ts';

/** After this long an estimate has faded to 1/e, as in Finagle and Linkerd. */
const DECAY_MS = 10_000;
/** Below this an estimate says more about this process's own loop than about the backend; zero would hide the load. */
const FLOOR_MS = 0.5;
/** Estimates that differ by less than this factor are the same: jitter must not override the weights. */
const SAME_WITHIN = 1.5;
/** A refusal takes no time, but it is no better than a backend that needs a second. */
const FAILURE_MS = 1_000;

// `!` on typed arrays in this file: candidates are below their count, and this runs for each connection.
export class PeakEwma extends PowerOfTwoChoices {
  /** By candidate: the estimate at `#atMs`; 0: there is none. */
  readonly #estimateMs: Float64Array;
  readonly #atMs: Float64Array;

  constructor(inputs: BalancerInputs) {
    super(inputs);
    const { candidates, previous } = inputs;
    this.#estimateMs = new Float64Array(candidates.count);
    this.#atMs = new Float64Array(candidates.count);
    if (previous?.balancer instanceof PeakEwma) this.#takeOver(previous.balancer, previous.moved);
  }

  connected(candidate: number, connectMs: number, nowMs: number): void {
    this.#observe(candidate, connectMs, nowMs);
  }

  connectFailed(candidate: number, connectMs: number, nowMs: number): void {
    this.#observe(candidate, Math.max(connectMs, FAILURE_MS), nowMs);
  }

  /** Expected to connect sooner under its load; where the estimates don't decide, less loaded. */
  protected override isBetter(a: number, b: number, nowMs: number): boolean {
    const timeA = this.#faded(a, nowMs);
    const timeB = this.#faded(b, nowMs);
    const isKnown = this.#estimateMs[a]! > 0 && this.#estimateMs[b]! > 0;
    if (!isKnown || (timeA < timeB * SAME_WITHIN && timeB < timeA * SAME_WITHIN)) {
      return super.isBetter(a, b, nowMs);
    }
    const all = this.candidates;
    return timeA * (all.open(a) + 1) * all.weight(b) < timeB * (all.open(b) + 1) * all.weight(a);
  }

  #faded(candidate: number, nowMs: number): number {
    return Math.max(FLOOR_MS, this.#estimateMs[candidate]! * this.#keptShare(candidate, nowMs));
  }

  #keptShare(candidate: number, nowMs: number): number {
    return Math.exp(-Math.max(0, nowMs - this.#atMs[candidate]!) / DECAY_MS);
  }

  #observe(candidate: number, sampleMs: number, nowMs: number): void {
    const before = this.#estimateMs[candidate]!;
    const kept = this.#keptShare(candidate, nowMs);
    const average = sampleMs >= before * kept ? sampleMs : before * kept + sampleMs * (1 - kept);
    this.#estimateMs[candidate] = Math.max(FLOOR_MS, average);
    this.#atMs[candidate] = nowMs;
  }

  #takeOver(previous: PeakEwma, moved: Int32Array): void {
    for (let old = 0; old < moved.length; old++) {
      const candidate = moved[old]!;
      if (candidate === NO_BACKEND) continue;
      this.#estimateMs[candidate] = previous.#estimateMs[old]!;
      this.#atMs[candidate] = previous.#atMs[old]!;
    }
  }
}
