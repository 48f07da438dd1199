import type { TrafficStats__Output } from './generated/lb/v1/TrafficStats.ts';

/** The statistics of something that no proxy has reported. */
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
