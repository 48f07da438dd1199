/** Every strategy. A new one does not compile until it stands here. */
import type { Strategy } from '../../core/model/resources.ts';
import type { BalancerFactory } from './balancer.ts';
import { leastConnections } from './least-connections.ts';
import { peakEwma } from './peak-ewma.ts';
import { powerOfTwoChoices } from './power-of-two-choices.ts';
import { randomBalancer } from './random.ts';
import { roundRobin } from './round-robin.ts';
import { sourceHashBalancer } from './source-hash.ts';

export const BALANCERS: Record<Strategy, BalancerFactory> = {
  round_robin: roundRobin,
  least_connections: leastConnections,
  power_of_two_choices: powerOfTwoChoices,
  random: randomBalancer,
  source_hash: sourceHashBalancer,
  peak_ewma: peakEwma,
};
