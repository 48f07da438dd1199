/** Every strategy. A new one does not compile until it stands here. */
import type { Strategy } from '../../core/model/resources.ts';
import type { BalancerFactory } from './balancer.ts';
import { LeastConnections } from './least-connections.ts';
import { PeakEwma } from './peak-ewma.ts';
import { PowerOfTwoChoices } from './power-of-two-choices.ts';
import { RandomBalancer } from './random.ts';
import { RoundRobin } from './round-robin.ts';
import { SourceHash } from './source-hash.ts';

export const BALANCERS: Record<Strategy, BalancerFactory> = {
  round_robin: (inputs) => new RoundRobin(inputs),
  least_connections: (inputs) => new LeastConnections(inputs),
  power_of_two_choices: (inputs) => new PowerOfTwoChoices(inputs),
  random: (inputs) => new RandomBalancer(inputs),
  source_hash: (inputs) => new SourceHash(inputs),
  peak_ewma: (inputs) => new PeakEwma(inputs),
};
