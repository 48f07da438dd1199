/** A counter or gauge of a proxy, and how it is filled from what was read. */
import type { Family } from './bounded-family.ts';
import type { Labels } from './exposition.ts';
import type { ProxyReadings } from './proxy-readings.ts';

type Add = (labels: Labels, value: number) => void;
export type Fill = (add: Add, readings: ProxyReadings) => void;

export interface ProxyFamily extends Family {
  readonly fill: Fill;
}

export const counter = (name: string, help: string, fill: Fill): ProxyFamily => ({
  name,
  type: 'counter',
  help,
  fill,
});
export const gauge = (name: string, help: string, fill: Fill): ProxyFamily => ({
  name,
  type: 'gauge',
  help,
  fill,
});
