// Original file: proto/lb/v1/resources.proto

export const Strategy = {
  STRATEGY_UNSPECIFIED: 'STRATEGY_UNSPECIFIED',
  /**
   * Smooth weighted round robin.
   */
  STRATEGY_ROUND_ROBIN: 'STRATEGY_ROUND_ROBIN',
  /**
   * The backend with the fewest open connections per weight.
   */
  STRATEGY_LEAST_CONNECTIONS: 'STRATEGY_LEAST_CONNECTIONS',
  /**
   * Two weighted draws; the one with fewer open connections per weight wins.
   */
  STRATEGY_POWER_OF_TWO_CHOICES: 'STRATEGY_POWER_OF_TWO_CHOICES',
  /**
   * Weighted random.
   */
  STRATEGY_RANDOM: 'STRATEGY_RANDOM',
  /**
   * Maglev hashing of the client's IP address: the same backend from every proxy.
   */
  STRATEGY_SOURCE_HASH: 'STRATEGY_SOURCE_HASH',
  /**
   * Lowest peak-EWMA of connect time times open connections, of two draws.
   */
  STRATEGY_PEAK_EWMA: 'STRATEGY_PEAK_EWMA',
} as const;

export type Strategy =
  | 'STRATEGY_UNSPECIFIED'
  | 0
  /**
   * Smooth weighted round robin.
   */
  | 'STRATEGY_ROUND_ROBIN'
  | 1
  /**
   * The backend with the fewest open connections per weight.
   */
  | 'STRATEGY_LEAST_CONNECTIONS'
  | 2
  /**
   * Two weighted draws; the one with fewer open connections per weight wins.
   */
  | 'STRATEGY_POWER_OF_TWO_CHOICES'
  | 3
  /**
   * Weighted random.
   */
  | 'STRATEGY_RANDOM'
  | 4
  /**
   * Maglev hashing of the client's IP address: the same backend from every proxy.
   */
  | 'STRATEGY_SOURCE_HASH'
  | 5
  /**
   * Lowest peak-EWMA of connect time times open connections, of two draws.
   */
  | 'STRATEGY_PEAK_EWMA'
  | 6

export type Strategy__Output = typeof Strategy[keyof typeof Strategy]
