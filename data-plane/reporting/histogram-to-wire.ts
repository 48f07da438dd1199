/** Histograms for reports. */
import type { Histogram } from '../../core/wire/generated/lb/v1/Histogram.ts';
import type { HistogramCounts } from '../memory/counters.ts';
import {
  CONNECT_SECONDS,
  DURATION_SECONDS,
  FIRST_BYTE_SECONDS,
  HISTOGRAM_CELLS,
} from '../memory/shared-memory.ts';

const SUM = HISTOGRAM_CELLS - 1;

// All messages share one array of bounds each: ten thousand backends have histograms.
const connectBounds: number[] = [...CONNECT_SECONDS];
const firstByteBounds: number[] = [...FIRST_BYTE_SECONDS];
const durationBounds: number[] = [...DURATION_SECONDS];

export const connectToWire = (counts: HistogramCounts) => histogramToWire(connectBounds, counts);
export const firstByteToWire = (counts: HistogramCounts) => histogramToWire(firstByteBounds, counts);
export const durationToWire = (counts: HistogramCounts) => histogramToWire(durationBounds, counts);

/** Null when nothing was observed: most backends of a large fleet are idle. */
function histogramToWire(bounds: number[], cells: HistogramCounts): Histogram | null {
  const counts: number[] = [];
  let observations = 0;
  for (let bucket = 0; bucket < SUM; bucket += 1) {
    const count = cells[bucket] ?? 0;
    counts.push(count);
    observations += count;
  }
  return observations === 0 ? null : { bounds, counts, sumSeconds: cells[SUM] ?? 0 };
}
