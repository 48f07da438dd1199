import type { TrafficStats__Output } from './generated/lb/v1/TrafficStats.ts';

/** Of something that nobody reported, or of which nothing was said. */
export const ZERO_TRAFFIC_STATS: TrafficStats__Output = {
  connectionsActive: 0,
  connectionsPerSecond: 0,
  errorsPerSecond: 0,
  bytesInPerSecond: 0,
  bytesOutPerSecond: 0,
  connect: null,
  firstByte: null,
  duration: null,
};
