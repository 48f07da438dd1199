/** What every kind of measurement is given and gives back. */
import type { Scope } from '../harness/programs/processes.ts';
import type { BenchOptions } from './bench-options.ts';
import type { Cpus } from './pinning.ts';
import type { Row } from './report/row.ts';

export const SCENARIO_NAMES = [
  'keep-alive',
  'new-connections',
  'system-calls',
  'latency',
  'changing',
  'bulk',
  'pauses',
  'atomics',
  'checks',
  'memory',
  'tls',
] as const;
export type ScenarioName = (typeof SCENARIO_NAMES)[number];

export interface BenchContext {
  readonly options: BenchOptions;
  readonly cpus: Cpus;
  /** Says what is going on. */
  readonly progress: (text: string) => void;
}

export interface Findings {
  readonly rows: readonly Row[];
  /** Lines that stand below the table. */
  readonly notes: readonly string[];
}

export type Scenario = (scope: Scope, context: BenchContext) => Promise<Findings>;
