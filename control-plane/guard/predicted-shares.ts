/**
 * How a pool's strategy will share new connections, from what proxies report now. Pure.
 *
 * The strategies themselves are in data-plane/balancing/. What decides there and is not known here is said in words.
 */
import { type Policy, refusesWhenNoneHealthy, type Strategy } from '../../core/model/resources.ts';
import type { StoredPool } from '../../core/model/state.ts';
import type { FleetFacts } from './fleet-facts.ts';
import { servingWeights } from './serving-changes.ts';

export interface PredictedShares {
  /** By address: 0 to 1. Backends that get nothing are left out. */
  readonly shares: ReadonlyMap<string, number>;
  /** What the numbers mean, in a sentence or two. */
  readonly explanation: string;
}

interface Candidate {
  readonly address: string;
  readonly weight: number;
  readonly tier: number;
  readonly open: number;
}

/** The next connections that a prediction is about where open connections count. */
const NEXT = 100;
const THESE = `these are the shares of the next ${NEXT} connections`;
const LATER = 'later they approach the weights, as the numbers of open connections even out';
/** Steps times candidates that a prediction may take: a fraction of a second. */
const MAX_WORK = 200_000;

interface Prediction {
  readonly of: (candidates: readonly Candidate[]) => readonly number[];
  readonly explanation: string;
}

const PREDICTIONS: Readonly<Record<Strategy, Prediction>> = {
  round_robin: { of: byWeight, explanation: 'round_robin shares new connections by weight' },
  random: { of: byWeight, explanation: 'random shares new connections by weight' },
  source_hash: {
    of: byWeight,
    explanation: 'source_hash shares clients by weight, however many connections each of them makes',
  },
  least_connections: {
    of: (candidates) => filled(candidates, NEXT),
    explanation: `least_connections fills the backends with the fewest open connections for their weight first: ${THESE}; ${LATER}`,
  },
  power_of_two_choices: {
    of: drawn,
    explanation: `power_of_two_choices prefers backends with fewer open connections for their weight: ${THESE}; ${LATER}`,
  },
  peak_ewma: {
    of: drawn,
    explanation: `peak_ewma prefers backends that connect faster, which is not known here: ${THESE} if all connect equally fast`,
  },
};

/** `policy` is that of the pool. */
export function predictShares(pool: StoredPool, policy: Policy, fleet: FleetFacts): PredictedShares {
  const { name } = pool.value;
  const serving = Array.from(servingWeights(pool), ([address, weight]): Candidate => {
    const tier = pool.backends.get(address)?.value.tier ?? 0;
    return { address, weight, tier, open: fleet.backendConnections(name, address) };
  });
  const isUp = ({ address }: Candidate) =>
    policy.healthCheck.type === 'none' || fleet.isHealthy(name, address) || fleet.isUnknown(name, address);
  const up = serving.filter(isUp);
  // As a proxy does: when none is healthy, none or all are used; in either case of the first tier that has any.
  const used = up.length > 0 ? up : refusesWhenNoneHealthy(policy) ? [] : serving;
  const first = used.reduce((lowest, { tier }) => Math.min(lowest, tier), Infinity);
  const candidates = used.filter(({ tier }) => tier === first);
  const { of, explanation } = PREDICTIONS[policy.strategy];
  const words = [explanation];
  if (up.length === 0 && serving.length > 0) {
    words.push(
      `no backend is healthy, so ${used.length > 0 ? 'all are used' : 'new connections are refused'}`,
    );
  } else if (up.length < serving.length) words.push('backends that no proxy finds healthy get none');
  if (used.length > 0 && serving.some(({ tier }) => tier < first)) {
    words.push(`tier ${first} serves, because nothing of the tiers before it is healthy`);
  }
  if (serving.some(({ address }) => pool.backends.get(address)?.value.maxConnections !== undefined)) {
    words.push('max_connections is left out of account');
  }
  const shares = of(candidates);
  return {
    shares: new Map(candidates.map(({ address }, index) => [address, shares[index] ?? 0])),
    explanation: `${words.join('; ')}.`,
  };
}

function byWeight(candidates: readonly Candidate[]): number[] {
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  return candidates.map(({ weight }) => weight / total);
}

/** As many connections as `next`, each to the candidate with the fewest for its weight, as water finds its level. */
function filled(candidates: readonly Candidate[], next: number): number[] {
  const byLevel = [...candidates].sort((a, b) => a.open / a.weight - b.open / b.weight);
  let [weights, open, level] = [0, 0, 0];
  for (const candidate of byLevel) {
    // The rest is full already at the level that these reach.
    if (weights > 0 && candidate.open / candidate.weight >= level) break;
    weights += candidate.weight;
    open += candidate.open;
    level = (next + open) / weights;
  }
  return candidates.map((candidate) => Math.max(0, candidate.weight * level - candidate.open) / next);
}

/** The next connections one after the other, each to the one of two with fewer open connections for its weight. */
function drawn(candidates: readonly Candidate[]): number[] {
  const steps = Math.max(1, Math.min(NEXT, Math.floor(MAX_WORK / (candidates.length || 1))));
  const got = candidates.map(() => 0);
  for (let step = 0; step < steps; step++) {
    const loads = candidates.map(({ open, weight }, index) =>
      rounded((open + (got[index] ?? 0) * NEXT) / weight),
    );
    for (const [index, share] of twoChoices(candidates, loads).entries()) got[index]! += share / steps;
  }
  return got.map(rounded);
}

/** What is equal must not differ by the errors of a sum. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** Two different ones are drawn by weight, and the one with the smaller load is taken; of equal ones, the first. */
function twoChoices(candidates: readonly Candidate[], loads: readonly number[]): number[] {
  if (candidates.length === 1) return [1];
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0);
  const order = [...candidates.keys()].sort((a, b) => (loads[b] as number) - (loads[a] as number));
  const shares = candidates.map(() => 0);
  /** Of the candidates with more load: the sum of their weights, and of their odds to be drawn before another one. */
  let [weightAbove, oddsAbove] = [0, 0];
  for (let at = 0; at < order.length; ) {
    const load = loads[order[at] as number];
    const alike = order.slice(at).findIndex((index) => loads[index] !== load);
    const group = order.slice(at, alike === -1 ? undefined : at + alike);
    const weightHere = group.reduce((sum, index) => sum + (candidates[index] as Candidate).weight, 0);
    for (const index of group) {
      const { weight } = candidates[index] as Candidate;
      const first = (weight / total) * ((weightAbove + weightHere - weight) / (total - weight));
      shares[index] = first + (weight / total) * oddsAbove;
    }
    weightAbove += weightHere;
    for (const index of group) {
      const { weight } = candidates[index] as Candidate;
      oddsAbove += weight / (total - weight);
    }
    at += group.length;
  }
  return shares;
}
